//! Transactions: claims, rollback, cancellation, snapshots, and who waits for whom.

use std::collections::BTreeMap;
use std::task::Poll;
use std::time::Duration;

use frontier::core::kernel::{Clock, Id};
use frontier::storage::sql::{Db, DbError, DbUrl, Dialect, Row, Update, Value, params};
use futures::future::try_join_all;
use tokio::time::timeout;

use super::{add, count, rows, shapes};
use crate::support::backend::{Given, on_every_backend};

on_every_backend!(
    two_workers_claim_each_row_once,
    a_claim_passes_over_rows_that_are_taken,
    a_dropped_transaction_never_happened,
    an_abandoned_future_leaves_no_transaction_open,
    an_abandoned_begin_takes_no_connection_with_it,
    an_abandoned_statement_stops,
    a_commit_is_whole_or_not_at_all,
    a_failed_statement_voids_the_transaction,
    an_abandoned_statement_voids_the_transaction,
    a_failure_among_many_voids_all,
    many_rows_are_written_in_order,
    rows_that_are_there_are_told_from_new_ones,
    many_rows_are_updated_by_their_keys,
    a_reader_sees_one_snapshot,
    a_reader_cannot_write,
    two_handles_on_one_store_take_turns,
    a_lost_connection_is_replaced,
);

const ENOUGH: Duration = Duration::from_secs(20);

async fn two_workers_claim_each_row_once(db: Db) {
    rows(&db, 60).await;
    let worker = |name: &'static str| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let mut tx = db.begin().await.unwrap();
                let sql = format!(
                    "UPDATE shapes SET amount = 1 WHERE id IN (
                         SELECT id FROM shapes WHERE amount IS NULL ORDER BY id LIMIT 7 {}
                     ) RETURNING id",
                    tx.dialect().claim()
                );
                let found = tx.rows(&sql, params![]).await.unwrap();
                tx.commit().await.unwrap();
                if found.is_empty() {
                    return claimed;
                }
                claimed.extend(found.iter().map(|row| (row.get::<i64>("id").unwrap(), name)));
            }
        })
    };
    let claims = try_join_all(["one", "two", "three", "four"].map(worker)).await.unwrap();
    let claims: Vec<_> = claims.into_iter().flatten().collect();
    let by_row: BTreeMap<_, _> = claims.iter().copied().collect();
    assert_eq!((claims.len(), by_row.len()), (60, 60), "a row was claimed twice or never");
}

async fn a_claim_passes_over_rows_that_are_taken(db: Db) {
    if db.dialect() == Dialect::Sqlite {
        return; // its writers take turns, so there are never rows that somebody else holds
    }
    rows(&db, 2).await;
    let sql = format!("SELECT id FROM shapes ORDER BY id LIMIT 1 {}", db.dialect().claim());
    let (mut one, mut two) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let first: i64 = one.row(&sql, params![]).await.unwrap().unwrap().get("id").unwrap();
    let second: i64 = two.row(&sql, params![]).await.unwrap().unwrap().get("id").unwrap();
    assert_eq!((first, second), (1, 2));
}

async fn a_dropped_transaction_never_happened(db: Db) {
    shapes(&db).await;
    let mut tx = db.begin().await.unwrap();
    add(&mut tx, [1]).await;
    drop(tx);
    assert_eq!(count(&db).await, 0);
    let mut tx = db.begin().await.unwrap();
    add(&mut tx, [1]).await; // no lock and no key is left of it
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 1);
}

/// Drives `future` for `steps` half-steps and drops it: after an even number, with a statement in
/// flight; after an odd one, with its answer there but unread.
async fn abandon(steps: usize, future: impl Future) {
    let mut future = std::pin::pin!(future);
    let mut polls = steps / 2;
    std::future::poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if polls > 0 || steps % 2 == 1 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

/// Waits until no other connection of this database is inside a transaction.
async fn nothing_is_open(db: &Db) {
    if db.dialect() == Dialect::Sqlite {
        return drop(db.begin().await.unwrap()); // there is one writer: this is it
    }
    let sql = "SELECT COUNT(*) AS open FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND xact_start IS NOT NULL AND backend_type = 'client backend'";
    timeout(ENOUGH, async {
        loop {
            let mut tx = db.read().await.unwrap();
            let open: i64 = tx.row(sql, params![]).await.unwrap().unwrap().get("open").unwrap();
            if open == 0 {
                return;
            }
        }
    })
    .await
    .expect("a transaction stayed open");
}

async fn an_abandoned_future_leaves_no_transaction_open(db: Db) {
    shapes(&db).await;
    for steps in 0..80 {
        abandon(steps, async {
            let mut tx = db.begin().await.unwrap();
            add(&mut tx, [1]).await;
            add(&mut tx, 2..200).await;
            loop {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    timeout(ENOUGH, nothing_is_open(&db)).await.unwrap();
    assert_eq!(count(&db).await, 0);
    let mut tx = db.begin().await.unwrap();
    add(&mut tx, 1..200).await;
    tx.commit().await.unwrap();
}

async fn an_abandoned_begin_takes_no_connection_with_it(db: Db) {
    for steps in 0..60 {
        abandon(steps, async { drop(db.begin().await.unwrap()) }).await;
        abandon(steps, db.begin()).await;
        abandon(steps, db.read()).await;
    }
    let everything = async {
        let _writer = db.begin().await.unwrap();
        try_join_all((0..4).map(|_| db.read())).await.unwrap()
    };
    assert_eq!(timeout(ENOUGH, everything).await.unwrap().len(), 4);
}

async fn an_abandoned_statement_stops(db: Db) {
    let endless = match db.dialect() {
        Dialect::Sqlite => {
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT COUNT(*) AS found FROM n"
        }
        Dialect::Postgres => "SELECT 1 AS found FROM pg_sleep(3600)",
    };
    let attempts = async {
        for _ in 0..5 {
            for mut tx in [db.begin().await.unwrap(), db.read().await.unwrap()] {
                let cut_off = timeout(Duration::from_millis(20), tx.rows(endless, params![])).await;
                assert!(cut_off.is_err(), "the endless statement ended");
            }
        }
        nothing_is_open(&db).await;
    };
    timeout(ENOUGH, attempts).await.expect("an abandoned statement went on");
}

async fn a_commit_is_whole_or_not_at_all(db: Db) {
    shapes(&db).await;
    for steps in 0_i64..80 {
        abandon(usize::try_from(steps).unwrap(), async {
            let mut tx = db.begin().await.unwrap();
            add(&mut tx, steps * 10..steps * 10 + 10).await;
            tx.commit().await.unwrap();
        })
        .await;
    }
    timeout(ENOUGH, nothing_is_open(&db)).await.unwrap();
    let found = count(&db).await;
    assert!(found > 0 && found % 10 == 0, "{found} rows: some transaction was saved in part");
}

async fn a_failed_statement_voids_the_transaction(db: Db) {
    shapes(&db).await;
    let mut tx = db.begin().await.unwrap();
    add(&mut tx, [1, 2]).await;
    let twice = tx.execute("INSERT INTO shapes (id) VALUES (?1)", params![1_i64]).await;
    assert!(twice.unwrap_err().is_conflict());
    let after = tx.execute("INSERT INTO shapes (id) VALUES (?1)", params![3_i64]).await;
    assert!(matches!(after, Err(DbError::Engine(_))), "{after:?}");
    let refusal = tx.commit().await.unwrap_err().to_string();
    assert_eq!(
        refusal,
        "the database refused: a statement of this transaction failed or was abandoned, so none \
         of it can be saved; begin a new one"
    );
    assert_eq!(count(&db).await, 0);
}

async fn an_abandoned_statement_voids_the_transaction(db: Db) {
    shapes(&db).await;
    let mut tx = db.begin().await.unwrap();
    // Long enough not to be done before it is given up.
    let long = "INSERT INTO shapes (id)
                WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500000)
                SELECT MAX(x) FROM n";
    abandon(2, tx.execute(long, params![])).await;
    assert!(matches!(tx.commit().await, Err(DbError::Engine(_))));
    assert_eq!(count(&db).await, 0);
}

async fn a_failure_among_many_voids_all(db: Db) {
    shapes(&db).await;
    let mut tx = db.begin().await.unwrap();
    let rows = [1_i64, 2, 3, 2, 4].map(|id| params![id]).to_vec();
    let failed = tx.execute_many("INSERT INTO shapes (id) VALUES (?1)", rows).await;
    assert!(failed.unwrap_err().is_conflict());
    assert!(tx.commit().await.is_err());
    assert_eq!(count(&db).await, 0);
}

async fn many_rows_are_written_in_order(db: Db) {
    shapes(&db).await;
    let mut tx = db.begin().await.unwrap();
    let rows = (14..2514_i64).map(|at| params![at % 5, at]).collect();
    let tail = "ON CONFLICT (id) DO UPDATE SET amount = excluded.amount";
    let changed = tx.insert_many("shapes", &["id", "amount"], rows, tail).await.unwrap();
    let rows = vec![params![1_i64, 0_i64], params![9_i64, 0_i64]];
    let added = tx.insert_many("shapes", &["id", "amount"], rows, "ON CONFLICT DO NOTHING").await;
    assert_eq!((changed, added.unwrap()), (2500, 1));
    let last = tx.rows("SELECT amount FROM shapes WHERE id < 5 ORDER BY id", params![]).await;
    let last: Vec<i64> = last.unwrap().iter().map(|row| row.get("amount").unwrap()).collect();
    assert_eq!(last, [2510, 2511, 2512, 2513, 2509]);
}

async fn rows_that_are_there_are_told_from_new_ones(db: Db) {
    shapes(&db).await;
    let clock = Clock::system();
    let tokens: Vec<Id> = (0..2500).map(|_| clock.new_id()).collect();
    let columns = ["token", "id", "flag", "amount", "ratio", "words", "bytes", "document"];
    // Of each pair of rows the second says the same words, and of every row its number is null
    // where it is odd.
    let row = |at: usize| {
        let number = i64::try_from(at).unwrap();
        let amount = Some(number).filter(|number| number % 2 == 0);
        let document = Value::Written(format!("{{\"at\":{at},\"text\":\"ñ\\\\u0000\"}}"));
        let bytes = vec![0_u8, 255];
        params![
            tokens[at],
            number,
            at.is_multiple_of(3),
            amount,
            0.5,
            format!("w{}", at / 2),
            bytes,
            document
        ]
    };
    let mut tx = db.begin().await.unwrap();
    let new = tx.insert_new("shapes", &columns, (0..2500).map(row).collect()).await.unwrap();
    assert!(new.iter().enumerate().all(|(at, new)| *new == (at % 2 == 0)));
    let again = tx.insert_new("shapes", &columns, (0..4).map(row).collect()).await.unwrap();
    assert_eq!(again, [false; 4]);
    assert_eq!(tx.insert_new("shapes", &columns, Vec::new()).await.unwrap(), [false; 0]);
    let sql = "SELECT amount, flag, ratio, bytes, document FROM shapes WHERE id = 1236";
    let found = tx.row(sql, params![]).await.unwrap().unwrap();
    assert_eq!(found.get::<Option<i64>>("amount").unwrap(), Some(1236));
    assert_eq!(found.get::<Vec<u8>>("bytes").unwrap(), [0, 255]);
    let document: serde_json::Value = found.get("document").unwrap();
    assert_eq!(document, serde_json::json!({ "at": 1236, "text": "ñ\\u0000" }));

    let wanted = params![serde_json::json!(["w1", "w5", "none", "'"])];
    let sql = format!(
        "SELECT s.id FROM ({}) AS wanted CROSS JOIN shapes s
         WHERE s.words = wanted.column1 ORDER BY s.id",
        tx.texts("?1")
    );
    let by_text = tx.rows(&sql, wanted).await.unwrap();
    let ids: Vec<String> = tokens[..3].iter().map(|id| id.as_uuid().simple().to_string()).collect();
    let sql = format!(
        "SELECT s.id FROM ({}) AS wanted CROSS JOIN shapes s
         WHERE s.token = wanted.column1 ORDER BY s.id",
        tx.ids("?1")
    );
    let by_id = tx.rows(&sql, params![serde_json::json!(ids)]).await.unwrap();
    let numbers =
        |rows: Vec<Row>| -> Vec<i64> { rows.iter().map(|row| row.get("id").unwrap()).collect() };
    assert_eq!((numbers(by_text), numbers(by_id)), (vec![2, 10], vec![0, 2]));

    let nul = vec![params![tokens[0], 9_i64, Value::Written("{\"a\":\"\\u0000\"}".into())]];
    let refused = tx.insert_new("shapes", &["token", "id", "document"], nul).await.unwrap_err();
    assert!(refused.to_string().contains("NUL"), "{refused}");
}

async fn many_rows_are_updated_by_their_keys(db: Db) {
    rows(&db, 2500).await;
    let mut tx = db.begin().await.unwrap();
    let update = Update {
        table: "shapes",
        keys: &["id"],
        columns: &["amount", "words"],
        always: &[("ratio", "NULL")],
        only: "t.id <> 7",
    };
    let row = |id: i64| {
        let amount = (id % 2 == 0).then_some(-id);
        params![id, amount, format!("new {id}")]
    };
    // 7 is kept from it, and 9999 is not there.
    let given = (1..=2000).chain([9999]).map(row).collect();
    assert_eq!(tx.update_many(update, given).await.unwrap(), 1999);
    assert_eq!(tx.update_many(update, Vec::new()).await.unwrap(), 0);
    tx.commit().await.unwrap();

    let sql = "SELECT id, amount, words FROM shapes WHERE id IN (6, 7, 9, 2000, 2001) ORDER BY id";
    let found = db.read().await.unwrap().rows(sql, params![]).await.unwrap();
    let told = |row: &Row| {
        let words: Option<String> = row.get("words").unwrap();
        (row.get::<Option<i64>>("amount").unwrap(), words)
    };
    let told: Vec<_> = found.iter().map(told).collect();
    let new = |id: i64| Some(format!("new {id}"));
    let expected =
        [(Some(-6), new(6)), (None, None), (None, new(9)), (Some(-2000), new(2000)), (None, None)];
    assert_eq!(told, expected);
}

async fn a_reader_sees_one_snapshot(db: Db) {
    rows(&db, 1).await;
    let sql = "SELECT COUNT(*) AS found FROM shapes";
    let mut reader = db.read().await.unwrap();
    let before: i64 = reader.row(sql, params![]).await.unwrap().unwrap().get("found").unwrap();
    let mut writer = db.begin().await.unwrap();
    add(&mut writer, 2..=5).await;
    writer.commit().await.unwrap(); // does not wait for the reader
    let after: i64 = reader.row(sql, params![]).await.unwrap().unwrap().get("found").unwrap();
    assert_eq!((before, after, count(&db).await), (1, 1, 5));
}

async fn a_reader_cannot_write(db: Db) {
    rows(&db, 1).await;
    for sql in ["DELETE FROM shapes", "INSERT INTO shapes (id) VALUES (2)", "DROP TABLE parts"] {
        let mut tx = db.read().await.unwrap();
        let refused = tx.execute(sql, params![]).await;
        assert!(matches!(refused, Err(DbError::Unwritable(_))), "{sql}: {refused:?}");
    }
    assert_eq!(count(&db).await, 1);
}

async fn two_handles_on_one_store_take_turns(url: DbUrl) {
    let handles = [Db::given(url.clone()).await, Db::given(url).await];
    rows(&handles[0], 1).await;
    let mut tx = handles[0].begin().await.unwrap();
    tx.execute("UPDATE shapes SET amount = 100", params![]).await.unwrap();
    tx.commit().await.unwrap();
    let increments = (0..6).map(|at| {
        let db = handles[at % 2].clone();
        tokio::spawn(async move {
            for _ in 0..15 {
                let mut tx = db.begin().await.unwrap();
                let sql = "UPDATE shapes SET amount = amount + 1 WHERE id = ?1";
                tx.execute(sql, params![1_i64]).await.unwrap();
                tx.commit().await.unwrap();
            }
        })
    });
    try_join_all(increments).await.unwrap();
    let mut tx = handles[1].read().await.unwrap();
    let row = tx.row("SELECT amount FROM shapes", params![]).await.unwrap().unwrap();
    assert_eq!(row.get::<i64>("amount").unwrap(), 190);
}

async fn a_lost_connection_is_replaced(url: DbUrl) {
    let [db, other] = [Db::given(url.clone()).await, Db::given(url).await];
    if db.dialect() == Dialect::Sqlite {
        return; // there is no connection to lose
    }
    let [mut used, mut idle] = [db.begin().await.unwrap(), db.begin().await.unwrap()];
    let mut killer = other.begin().await.unwrap();
    for tx in [&mut used, &mut idle] {
        let sql = "SELECT pg_backend_pid() AS pid";
        let pid: i64 = tx.row(sql, params![]).await.unwrap().unwrap().get("pid").unwrap();
        let sql = "SELECT 1 AS one WHERE pg_terminate_backend(?1)";
        assert!(killer.row(sql, params![pid]).await.unwrap().is_some());
    }
    let lost = used.rows("SELECT 1 AS one", params![]).await;
    assert!(matches!(lost, Err(DbError::Unavailable(_))), "{lost:?}");
    drop((used, idle));
    for _ in 0..5 {
        db.begin().await.unwrap().commit().await.unwrap();
    }
}
