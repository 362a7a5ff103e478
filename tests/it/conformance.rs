//! Both engines behave alike: the cases that go wrong first when one SQL text meets two databases.
//! The rules they protect are in `docs/sql.md`.

mod errors;
mod migrations;
mod transactions;
mod values;

use frontier::storage::sql::{Db, Dialect, Tx, Value, params};

/// Makes a table with a column of each shape, and one whose rows belong to its rows.
async fn shapes(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    let (types, strict) = match db.dialect() {
        Dialect::Sqlite => (["INTEGER", "INTEGER", "REAL", "BLOB", "BLOB", "TEXT"], "STRICT"),
        Dialect::Postgres => {
            (["BIGINT", "BOOLEAN", "DOUBLE PRECISION", "BYTEA", "UUID", "JSONB"], "")
        }
    };
    let [int, flag, real, bytes, id, json] = types;
    tx.batch(&format!(
        "CREATE TABLE shapes (
             id {int} PRIMARY KEY, flag {flag}, amount {int}, ratio {real}, words TEXT UNIQUE,
             bytes {bytes}, token {id}, document {json},
             CONSTRAINT amount_is_not_13 CHECK (amount <> 13)
         ) {strict};
         CREATE TABLE parts (
             id {int} PRIMARY KEY, shape_id {int} NOT NULL REFERENCES shapes (id)
         ) {strict};"
    ))
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Makes the table with the rows 1 to `count`, whose other columns are null.
async fn rows(db: &Db, count: i64) {
    shapes(db).await;
    let mut tx = db.begin().await.unwrap();
    add(&mut tx, 1..=count).await;
    tx.commit().await.unwrap();
}

async fn add(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) {
    let rows = ids.into_iter().map(|id| vec![Value::Int(id)]).collect();
    tx.insert_many("shapes", &["id"], rows, "").await.unwrap();
}

async fn count(db: &Db) -> i64 {
    let mut tx = db.read().await.unwrap();
    let sql = "SELECT COUNT(*) AS found FROM shapes";
    tx.row(sql, params![]).await.unwrap().unwrap().get("found").unwrap()
}
