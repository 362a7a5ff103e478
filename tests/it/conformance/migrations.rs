//! Migrations: applied once, refused when they are not ours, and the same schema on both engines.

use std::collections::BTreeSet;

use frontier::storage::sql::{Db, DbError, DbUrl, Dialect, Row, Tx, params};
use futures::future::try_join_all;

use crate::support::backend::{Backend, on_every_backend, run};

on_every_backend!(
    migrations_are_applied_once_when_many_start_at_once,
    a_schema_from_the_future_is_refused,
    a_changed_migration_is_refused,
    statements_prepared_before_a_migration_are_forgotten,
);

async fn migrations_are_applied_once_when_many_start_at_once(url: DbUrl) {
    let starts = (0..6).map(|_| {
        let db = Db::open(&url).unwrap();
        tokio::spawn(async move { db.migrate().await.unwrap() })
    });
    let applied: Vec<_> = try_join_all(starts).await.unwrap().concat();
    let once: BTreeSet<_> = applied.iter().collect();
    assert!(!applied.is_empty());
    assert_eq!(applied.len(), once.len(), "{applied:?}");
    assert!(Db::open(&url).unwrap().migrate().await.unwrap().is_empty());
}

async fn tamper(db: &Db, sql: &str) {
    let mut tx = db.begin().await.unwrap();
    tx.execute(sql, params![]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_schema_from_the_future_is_refused(db: Db) {
    tamper(&db, "INSERT INTO migrations (name, checksum) VALUES ('9999_later', '')").await;
    let refused = db.migrate().await.unwrap_err();
    assert!(matches!(&refused, DbError::FromTheFuture { found, .. } if found == "9999_later"));
    assert!(refused.to_string().ends_with("upgrade frontier"), "{refused}");
}

async fn a_changed_migration_is_refused(db: Db) {
    tamper(&db, "UPDATE migrations SET checksum = 'another' WHERE name = '0001_foundation'").await;
    let refused = db.migrate().await.unwrap_err();
    assert!(matches!(&refused, DbError::ChangedMigration(name) if name == "0001_foundation"));
}

async fn statements_prepared_before_a_migration_are_forgotten(url: DbUrl) {
    let db = Db::open(&url).unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.batch("CREATE TABLE odd (a TEXT); INSERT INTO odd VALUES ('x')").await.unwrap();
    tx.rows("SELECT * FROM odd", params![]).await.unwrap();
    tx.batch("ALTER TABLE odd ADD COLUMN b TEXT").await.unwrap();
    tx.commit().await.unwrap();
    db.migrate().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let found = tx.rows("SELECT * FROM odd", params![]).await.unwrap();
    assert_eq!(found[0].columns(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_schemas_are_equal() {
    run(Backend::Postgres, async |postgres: Db| {
        run(Backend::Sqlite, async |sqlite: Db| {
            let (ours, theirs) = (facts(&sqlite).await, facts(&postgres).await);
            assert!(ours.len() > 100, "{} facts are too few to be the schema", ours.len());
            let missing: Vec<_> = ours.symmetric_difference(&theirs).collect();
            assert!(missing.is_empty(), "only one of the engines has: {missing:#?}");
        })
        .await;
    })
    .await;
}

/// What both engines say of their schema, a sentence each.
async fn facts(db: &Db) -> BTreeSet<String> {
    let [columns, indexes, references] = match db.dialect() {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    };
    let mut tx = db.read().await.unwrap();
    let mut facts = BTreeSet::new();
    facts.extend(all(&mut tx, columns).await.iter().map(|row| {
        let need = if truth(row, "required") { "always has a" } else { "may have a" };
        let kind: String = row.get("kind").unwrap();
        let shape = match kind.as_str() {
            "bigint" | "boolean" => "INTEGER",
            "text" | "jsonb" => "TEXT",
            "uuid" | "bytea" => "BLOB",
            "double precision" => "REAL",
            other => other,
        };
        format!("{} {need} {} of {shape}", text(row, "owner"), text(row, "name"))
    }));
    facts.extend(all(&mut tx, indexes).await.iter().map(|row| {
        let unique = if truth(row, "is_unique") { "unique" } else { "quick" };
        let key = if truth(row, "is_key") { ", its key" } else { "" };
        let partial = if truth(row, "is_partial") { ", in part" } else { "" };
        format!("{} is {unique} by {}{key}{partial}", text(row, "owner"), text(row, "columns"))
    }));
    facts.extend(all(&mut tx, references).await.iter().map(|row| {
        let cascades = if truth(row, "cascades") { " and goes with it" } else { "" };
        format!(
            "{}.{} is one of {}{cascades}",
            text(row, "owner"),
            text(row, "name"),
            text(row, "parent")
        )
    }));
    facts
}

async fn all(tx: &mut Tx, sql: &str) -> Vec<Row> {
    tx.rows(sql, params![]).await.unwrap()
}

fn text(row: &Row, column: &str) -> String {
    row.get(column).unwrap()
}

fn truth(row: &Row, column: &str) -> bool {
    row.get(column).unwrap()
}

const SQLITE: [&str; 3] = [
    r#"SELECT t.name AS owner, c.name AS name, c.type AS kind, (c."notnull" OR c.pk > 0) AS required
       FROM sqlite_schema t JOIN pragma_table_info(t.name) c
       WHERE t.type = 'table'"#,
    r#"SELECT t.name AS owner, i."unique" AS is_unique, i.origin = 'pk' AS is_key,
              i.partial AS is_partial,
              (SELECT group_concat(c.name, ', ') FROM
                   (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) c) AS columns
       FROM sqlite_schema t JOIN pragma_index_list(t.name) i
       WHERE t.type = 'table'"#,
    r#"SELECT t.name AS owner, f."from" AS name, f."table" AS parent,
              f.on_delete = 'CASCADE' AS cascades
       FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
       WHERE t.type = 'table'"#,
];

const POSTGRES: [&str; 3] = [
    "SELECT CAST(table_name AS TEXT) AS owner, CAST(column_name AS TEXT) AS name,
            CAST(data_type AS TEXT) AS kind, is_nullable = 'NO' AS required
     FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT CAST(t.relname AS TEXT) AS owner, i.indisunique AS is_unique,
            i.indisprimary AS is_key, i.indpred IS NOT NULL AS is_partial,
            (SELECT string_agg(CAST(a.attname AS TEXT), ', ' ORDER BY k.at)
             FROM unnest(CAST(i.indkey AS int2[])) WITH ORDINALITY k (number, at)
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) AS columns
     FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
     WHERE t.relnamespace = CAST('public' AS regnamespace)",
    "SELECT CAST(t.relname AS TEXT) AS owner, CAST(a.attname AS TEXT) AS name,
            CAST(p.relname AS TEXT) AS parent, f.confdeltype = 'c' AS cascades
     FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid
     JOIN pg_class p ON p.oid = f.confrelid
     JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)
     WHERE f.contype = 'f' AND t.relnamespace = CAST('public' AS regnamespace)",
];
