//! Errors become words at the driver: what broke, and what to do about it.

use frontier::core::kernel::Secret;
use frontier::storage::sql::{Db, DbError, DbResult, DbUrl, params};

use super::{rows, shapes};
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_conflict_names_its_rule,
    a_missing_value_is_a_bug_not_a_conflict,
    nonsense_is_refused,
    two_statements_at_once_are_refused,
    a_wrong_number_of_parameters_is_refused,
);

fn rule<T: std::fmt::Debug>(result: DbResult<T>) -> String {
    match result {
        Err(DbError::Conflict { rule }) => rule,
        other => panic!("not a conflict: {other:?}"),
    }
}

async fn a_conflict_names_its_rule(db: Db) {
    rows(&db, 2).await;
    let attempt = async |sql| db.begin().await.unwrap().execute(sql, params![]).await;

    let key = rule(attempt("INSERT INTO shapes (id) VALUES (1)").await);
    assert!(key.contains("shapes"), "{key}");
    let mut tx = db.begin().await.unwrap();
    tx.execute("UPDATE shapes SET words = 'a' WHERE id = 1", params![]).await.unwrap();
    let unique = rule(tx.execute("UPDATE shapes SET words = 'a'", params![]).await);
    drop(tx);
    assert!(unique.contains("shapes") && unique.contains("words"), "{unique}");
    let check = rule(attempt("UPDATE shapes SET amount = 13").await);
    assert_eq!(check, "amount_is_not_13");
    // SQLite tells that it was a foreign key, PostgreSQL tells which.
    let orphan = rule(attempt("INSERT INTO parts (id, shape_id) VALUES (1, 99)").await);
    assert!(["foreign key", "parts_shape_id_fkey"].contains(&orphan.as_str()), "{orphan}");
    let mut tx = db.begin().await.unwrap();
    tx.execute("INSERT INTO parts (id, shape_id) VALUES (1, 1)", params![]).await.unwrap();
    let parent = rule(tx.execute("DELETE FROM shapes WHERE id = 1", params![]).await);
    assert!(["foreign key", "parts_shape_id_fkey"].contains(&parent.as_str()), "{parent}");
}

async fn a_missing_value_is_a_bug_not_a_conflict(db: Db) {
    shapes(&db).await;
    let mut tx = db.begin().await.unwrap();
    let refused = tx.execute("INSERT INTO parts (id) VALUES (1)", params![]).await;
    assert!(matches!(&refused, Err(DbError::Engine(words)) if words.contains("shape_id")));
}

async fn nonsense_is_refused(db: Db) {
    for sql in ["SELEC 1", "SELECT nothing FROM nowhere", "", "SELECT 'unclosed"] {
        let refused = db.begin().await.unwrap().rows(sql, params![]).await;
        let empty = matches!(&refused, Ok(rows) if rows.is_empty() && sql.is_empty());
        assert!(empty || matches!(refused, Err(DbError::Engine(_))), "{sql}: {refused:?}");
    }
}

async fn two_statements_at_once_are_refused(db: Db) {
    rows(&db, 1).await;
    let sql = "DELETE FROM shapes; DELETE FROM parts";
    let refused = db.begin().await.unwrap().execute(sql, params![]).await;
    assert!(matches!(refused, Err(DbError::Engine(_))), "{refused:?}");
}

async fn a_wrong_number_of_parameters_is_refused(db: Db) {
    rows(&db, 1).await;
    for params in [params![], params![1_i64, 2_i64]] {
        let mut tx = db.begin().await.unwrap();
        let refused = tx.rows("SELECT id FROM shapes WHERE id = ?1", params).await;
        assert!(matches!(refused, Err(DbError::Engine(_))), "{refused:?}");
    }
}

/// What a user reads when the store cannot be used, with the folder's name taken out.
async fn refusal(folder: &tempfile::TempDir, name: &str, write: bool) -> String {
    let db = Db::open(&DbUrl::Sqlite(folder.path().join(name))).unwrap();
    let refused = if write { db.begin().await } else { db.read().await };
    let error = refused.unwrap_err();
    assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    error.to_string().replace(folder.path().to_str().unwrap(), "DIR")
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let words = refusal(&folder, "missing/store.db", true).await;
    insta::assert_snapshot!(words, @"the database cannot be reached: DIR/missing is not a folder; create it, or run `frontier init`");
    let words = refusal(&folder, "store.db", false).await;
    insta::assert_snapshot!(words, @"the database cannot be reached: there is no store at DIR/store.db; `frontier init` makes one");
    std::fs::write(folder.path().join("notes.txt"), "a".repeat(5000)).unwrap();
    let words = refusal(&folder, "notes.txt", true).await;
    insta::assert_snapshot!(words, @"the database cannot be reached: DIR/notes.txt: file is not a database; check the file, its folder and who may write to them");
    let words = refusal(&folder, "notes.txt/store.db", true).await;
    insta::assert_snapshot!(words, @"the database cannot be reached: DIR/notes.txt is not a folder; create it, or run `frontier init`");
    std::fs::create_dir(folder.path().join("folder.db")).unwrap();
    let words = refusal(&folder, "folder.db", true).await;
    insta::assert_snapshot!(words, @"the database cannot be reached: DIR/folder.db: unable to open database file: DIR/folder.db; check the file, its folder and who may write to them");
    assert!(!folder.path().join("store.db").exists(), "a read made a store");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_unavailable() {
    let url = DbUrl::Postgres(Secret::new("postgres://me:hunter2@127.0.0.1:1/mine".into()));
    let error = Db::open(&url).unwrap().begin().await.unwrap_err();
    assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));

    let url = DbUrl::Postgres(Secret::new("postgres://me:hunter2@:x:/mine".into()));
    let error = Db::open(&url).unwrap_err();
    insta::assert_snapshot!(error, @"the database cannot be reached: the URL is malformed; write postgres://USER:PASSWORD@HOST:PORT/DATABASE");
}

mod postgres_only {
    use super::*;
    use crate::support::backend::{Backend, run};

    #[tokio::test]
    async fn a_wrong_password_is_not_repeated() {
        run(Backend::Postgres, async |url: DbUrl| {
            let DbUrl::Postgres(secret) = url else { return };
            let mut url: url::Url = secret.expose().parse().unwrap();
            url.set_password(Some("hunter2")).unwrap();
            let db = Db::open(&DbUrl::Postgres(Secret::new(url.into()))).unwrap();
            let error = db.begin().await.unwrap_err();
            assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
            let words = format!("{error} {error:?} {db:?}");
            assert!(words.contains("password authentication failed"), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        })
        .await;
    }
}
