//! Values: what goes in comes out, on both engines, or both refuse it.

use frontier::core::kernel::{Clock, Id, Timestamp};
use frontier::storage::sql::{Db, DbError, DbResult, Dialect, FromValue, Params, Tx, Value};
use frontier::storage::sql::{Found, find, marks, params};
use serde_json::json;

use super::{add, rows, shapes};
use crate::support::backend::on_every_backend;

on_every_backend!(
    every_shape_comes_back,
    null_comes_back_as_null,
    whole_numbers_reach_both_ends,
    large_bytes_come_back,
    every_script_comes_back,
    a_nul_character_is_refused,
    a_number_that_is_not_finite_is_refused,
    json_keeps_its_values,
    a_parameter_of_another_shape_is_refused,
    a_column_of_another_shape_is_refused,
    an_unknown_type_is_refused,
    placeholders_go_by_number,
    quotes_and_comments_hold_no_placeholders,
    a_cast_parameter_may_be_null,
    aggregates_are_cast,
    an_empty_list_holds_nothing,
    pages_stay_stable_while_rows_arrive,
    nulls_are_ordered_as_told,
    text_is_ordered_by_bytes,
    columns_follow_the_schema,
    a_reference_finds_its_row,
);

/// Runs one query and reads `column` of its first row.
async fn ask<T: FromValue>(db: &Db, sql: &str, params: Params, column: &str) -> DbResult<T> {
    let row = db.begin().await?.row(sql, params).await?;
    row.expect("the query finds a row").get(column)
}

/// Stores `value` in `column` of a new row and reads it back.
async fn round_trip<T: FromValue>(db: &Db, column: &str, value: Value) -> DbResult<T> {
    let mut tx = db.begin().await?;
    tx.execute("DELETE FROM shapes", params![]).await?;
    tx.execute(&format!("INSERT INTO shapes (id, {column}) VALUES (1, ?1)"), vec![value]).await?;
    tx.commit().await?;
    ask(db, &format!("SELECT {column} FROM shapes"), params![], column).await
}

async fn every_shape_comes_back(db: Db) {
    shapes(&db).await;
    let id = Clock::system().new_id();
    let time = Timestamp::from_millis(1_772_355_600_250);
    assert_eq!(round_trip(&db, "flag", true.into()).await, Ok(true));
    assert_eq!(round_trip(&db, "flag", false.into()).await, Ok(false));
    assert_eq!(round_trip(&db, "amount", 3.into()).await, Ok(3_i64));
    assert_eq!(round_trip(&db, "amount", time.into()).await, Ok(time));
    assert_eq!(round_trip(&db, "ratio", 0.1.into()).await, Ok(0.1));
    assert_eq!(round_trip(&db, "ratio", 1.0.into()).await, Ok(1.0));
    assert_eq!(round_trip(&db, "words", "a word".into()).await, Ok("a word".to_owned()));
    assert_eq!(round_trip(&db, "bytes", vec![0, 255].into()).await, Ok(vec![0_u8, 255]));
    assert_eq!(round_trip(&db, "token", id.into()).await, Ok(id));
    assert_eq!(round_trip(&db, "token", Id::NIL.into()).await, Ok(Id::NIL));
    assert_eq!(round_trip(&db, "document", json!([1]).into()).await, Ok(json!([1])));
}

async fn null_comes_back_as_null(db: Db) {
    shapes(&db).await;
    for column in ["flag", "amount", "ratio", "words", "bytes", "token", "document"] {
        let none = round_trip::<Option<i64>>(&db, column, Value::Null).await;
        assert_eq!(none, Ok(None), "{column}");
    }
    let refused = round_trip::<i64>(&db, "amount", Value::Null).await.unwrap_err().to_string();
    assert_eq!(refused, "the database refused: column `amount` is null, not int");
}

async fn whole_numbers_reach_both_ends(db: Db) {
    shapes(&db).await;
    for number in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(round_trip(&db, "amount", number.into()).await, Ok(number));
    }
    assert!(round_trip::<u32>(&db, "amount", (-1).into()).await.is_err());
    assert!(round_trip::<u16>(&db, "amount", 65_536.into()).await.is_err());
}

async fn large_bytes_come_back(db: Db) {
    shapes(&db).await;
    let bytes: Vec<u8> = (0..8_000_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let back: Vec<u8> = round_trip(&db, "bytes", bytes.clone().into()).await.unwrap();
    assert!(back == bytes);
    assert_eq!(round_trip(&db, "bytes", Vec::new().into()).await, Ok(Vec::<u8>::new()));
}

async fn every_script_comes_back(db: Db) {
    shapes(&db).await;
    for text in
        ["", "ñandú", "n\u{303}", "👩‍👩‍👧", "مرحبا", "'; DROP TABLE shapes; --", "\u{1}\r\n\t?1$1"]
    {
        assert_eq!(round_trip(&db, "words", text.into()).await, Ok(text.to_owned()));
        let found = ask(&db, "SELECT id FROM shapes WHERE words = ?1", params![text], "id").await;
        assert_eq!(found, Ok(1_i64), "{text} is not equal to itself");
        let document = json!({ text: [text] });
        assert_eq!(round_trip(&db, "document", document.clone().into()).await, Ok(document));
    }
}

async fn a_nul_character_is_refused(db: Db) {
    shapes(&db).await;
    let refused = round_trip::<String>(&db, "words", "a\0b".into()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the database refused: text with a NUL character (U+0000) cannot be stored; remove it"
    );
    for document in [json!("\0"), json!([{ "deep": ["\0"] }]), json!({ "\0": 1 })] {
        let refused = round_trip::<serde_json::Value>(&db, "document", document.into()).await;
        assert!(refused.unwrap_err().to_string().contains("NUL"));
    }
    let escaped = json!("a backslash and \\u0000");
    assert_eq!(round_trip(&db, "document", escaped.clone().into()).await, Ok(escaped));
    assert_eq!(round_trip(&db, "bytes", vec![0_u8].into()).await, Ok(vec![0_u8]));
}

async fn a_number_that_is_not_finite_is_refused(db: Db) {
    shapes(&db).await;
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = round_trip::<f64>(&db, "ratio", number.into()).await;
        assert!(matches!(refused, Err(DbError::Engine(_))), "{refused:?}");
    }
    for number in [f64::MAX, f64::MIN_POSITIVE, 0.1 + 0.2] {
        assert_eq!(round_trip(&db, "ratio", number.into()).await, Ok(number));
    }
}

async fn json_keeps_its_values(db: Db) {
    shapes(&db).await;
    let document = json!({
        "z": 1, "a": null, "nested": { "b": [true, "text", {}], "": [] },
        "whole": [i64::MIN, i64::MAX, u64::MAX], "real": [1.5, 1.0, 0.1, -2.5e-7],
    });
    // Equal as values: PostgreSQL keeps no order of keys.
    assert_eq!(round_trip(&db, "document", document.clone().into()).await, Ok(document));
    // A large real may come back as a whole number: equal, but of another kind.
    let large: serde_json::Value = round_trip(&db, "document", json!(1e17).into()).await.unwrap();
    assert_eq!(large.as_f64(), Some(1e17));
    for scalar in [json!(null), json!("text"), json!(false), json!(0)] {
        assert_eq!(round_trip(&db, "document", scalar.clone().into()).await, Ok(scalar));
    }
}

async fn a_parameter_of_another_shape_is_refused(db: Db) {
    shapes(&db).await;
    for (column, value) in [
        ("amount", Value::from("many")),
        ("amount", Value::from(1.5)),
        ("amount", Value::from(vec![1_u8])),
        ("flag", Value::from("yes")),
        ("ratio", Value::from("half")),
        ("bytes", Value::from("text")),
        ("token", Value::from("text")),
        ("token", Value::from(3)),
        ("words", Value::from(Id::NIL)),
        ("document", Value::from(vec![1_u8])),
    ] {
        let refused = round_trip::<Option<String>>(&db, column, value.clone()).await;
        assert!(matches!(refused, Err(DbError::Engine(_))), "{column} {value:?}: {refused:?}");
    }
}

async fn a_column_of_another_shape_is_refused(db: Db) {
    shapes(&db).await;
    let refused = round_trip::<i64>(&db, "words", "3".into()).await.unwrap_err().to_string();
    assert_eq!(refused, "the database refused: column `words` is text, not int");
    let refused = round_trip::<String>(&db, "amount", 3.into()).await.unwrap_err().to_string();
    assert_eq!(refused, "the database refused: column `amount` is int, not text");
    assert!(round_trip::<f64>(&db, "amount", 3.into()).await.is_err());
    assert!(round_trip::<Id>(&db, "bytes", vec![1_u8].into()).await.is_err());
    assert!(round_trip::<bool>(&db, "amount", 2.into()).await.is_err());
    let refused = ask::<i64>(&db, "SELECT 1 AS one", params![], "two").await.unwrap_err();
    assert_eq!(refused.to_string(), "the database refused: the result has no column `two`");
}

async fn an_unknown_type_is_refused(db: Db) {
    if db.dialect() == Dialect::Sqlite {
        return; // it has no other types
    }
    for (sql, kind) in [
        ("SELECT SUM(CAST(1 AS BIGINT)) AS odd", "numeric"),
        ("SELECT now() AS odd", "timestamptz"),
        ("SELECT ARRAY[1] AS odd", "_int4"),
    ] {
        let refused = ask::<i64>(&db, sql, params![], "odd").await.unwrap_err().to_string();
        assert!(refused.contains("`odd`") && refused.contains(kind), "{refused}");
    }
}

async fn placeholders_go_by_number(db: Db) {
    let sql = "SELECT CAST(?2 AS TEXT) || CAST(?1 AS TEXT) || CAST(?1 AS TEXT) AS words";
    let words: String = ask(&db, sql, params!["a", "b"], "words").await.unwrap();
    assert_eq!(words, "baa");
    let list: Vec<String> = (1..=12).map(|at| format!("CAST(?{at} AS TEXT)")).collect();
    let sql = format!("SELECT {} AS words", list.join(" || "));
    let letters = "abcdefghijkl".chars().map(|letter| letter.to_string().into()).collect();
    assert_eq!(ask(&db, &sql, letters, "words").await, Ok("abcdefghijkl".to_owned()));
}

async fn quotes_and_comments_hold_no_placeholders(db: Db) {
    let sql = "SELECT '?1 it''s -- ?2' || /* ?3 '*/ CAST(?1 AS TEXT) AS \"?9\" -- ?4 '
               WHERE CAST(?1 AS TEXT) <> '?1'";
    assert_eq!(ask(&db, sql, params!["!"], "?9").await, Ok("?1 it's -- ?2!".to_owned()));
}

async fn a_cast_parameter_may_be_null(db: Db) {
    rows(&db, 3).await;
    let sql = "SELECT COUNT(*) AS found FROM shapes
               WHERE (CAST(?1 AS BIGINT) IS NULL OR id = ?1)
                 AND (CAST(?2 AS TEXT) IS NULL OR words = ?2)
                 AND (CAST(?3 AS UUID) IS NULL OR token = ?3)";
    let (no_id, no_text, no_token) = (None::<i64>, None::<String>, None::<Id>);
    assert_eq!(ask(&db, sql, params![no_id, no_text.clone(), no_token], "found").await, Ok(3_i64));
    assert_eq!(ask(&db, sql, params![2_i64, no_text, no_token], "found").await, Ok(1_i64));
    assert_eq!(ask(&db, sql, params![2_i64, "no", Id::NIL], "found").await, Ok(0_i64));
}

async fn aggregates_are_cast(db: Db) {
    rows(&db, 3).await;
    let sql = "SELECT COUNT(*) AS rows, CAST(SUM(id) AS BIGINT) AS total, MAX(id) AS last,
                      CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS zero,
                      CAST(AVG(id) AS DOUBLE PRECISION) AS mean, 7 AS literal FROM shapes";
    for (column, expected) in [("rows", 3), ("total", 6), ("last", 3), ("zero", 0), ("literal", 7)]
    {
        assert_eq!(ask(&db, sql, params![], column).await, Ok::<i64, _>(expected), "{column}");
    }
    assert_eq!(ask(&db, sql, params![], "mean").await, Ok(2.0));
    let flags = "SELECT TRUE AS yes, id > 5 AS no FROM shapes LIMIT 1";
    assert_eq!(ask(&db, flags, params![], "yes").await, Ok(true));
    assert_eq!(ask(&db, flags, params![], "no").await, Ok(false));
}

async fn an_empty_list_holds_nothing(db: Db) {
    rows(&db, 3).await;
    for (ids, expected) in [(vec![], 0), (vec![2], 1), (vec![1, 3, 9], 2)] {
        let sql =
            format!("SELECT COUNT(*) AS found FROM shapes WHERE id IN ({})", marks(1, ids.len()));
        let ids = ids.into_iter().map(Value::Int).collect();
        assert_eq!(ask(&db, &sql, ids, "found").await, Ok::<i64, _>(expected));
    }
}

async fn pages_stay_stable_while_rows_arrive(db: Db) {
    shapes(&db).await;
    let mut tx = db.begin().await.unwrap();
    add(&mut tx, (1..=10).map(|at| at * 10)).await;
    tx.commit().await.unwrap();
    let (mut seen, mut after) = (Vec::new(), 0_i64);
    loop {
        let mut tx = db.begin().await.unwrap();
        let sql = "SELECT id FROM shapes WHERE id > ?1 ORDER BY id LIMIT ?2";
        let page = tx.rows(sql, params![after, 3]).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.get("id").unwrap();
        seen.extend(page.iter().map(|row| row.get::<i64>("id").unwrap()));
        add(&mut tx, [after - 5, after - 4]).await; // behind the reader
        tx.commit().await.unwrap();
    }
    assert_eq!(seen, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
}

async fn nulls_are_ordered_as_told(db: Db) {
    rows(&db, 3).await;
    let mut tx = db.begin().await.unwrap();
    tx.execute("UPDATE shapes SET amount = id WHERE id <> 2", params![]).await.unwrap();
    for (order, expected) in [
        ("amount NULLS FIRST, id", [2, 1, 3]),
        ("amount NULLS LAST, id", [1, 3, 2]),
        ("amount DESC NULLS LAST, id", [3, 1, 2]),
    ] {
        let sql = format!("SELECT id FROM shapes ORDER BY {order}");
        let found = tx.rows(&sql, params![]).await.unwrap();
        let found: Vec<i64> = found.iter().map(|row| row.get("id").unwrap()).collect();
        assert_eq!(found, expected, "{order}");
    }
}

/// A transaction in a workspace that has lists of these names; with their ids.
async fn lists<const N: usize>(db: &Db, names: [&str; N]) -> (Tx, [Id; N]) {
    let clock = Clock::system();
    let workspace = clock.new_id();
    let mut tx = db.in_workspace(workspace).begin().await.unwrap();
    let made = "INSERT INTO workspaces (id, name, token_key, created_at) VALUES (?1, 'w', ?2, 0)";
    tx.execute(made, params![workspace, vec![0_u8]]).await.unwrap();
    let ids = names.map(|_| clock.new_id());
    let rows = names.into_iter().zip(ids);
    let rows = rows.map(|(name, id)| params![id, workspace, name, "", json!({}), 0, 0]).collect();
    let columns =
        ["id", "workspace_id", "name", "description", "labels", "created_at", "updated_at"];
    tx.insert_many("lists", &columns, rows, "").await.unwrap();
    (tx, ids)
}

async fn text_is_ordered_by_bytes(db: Db) {
    let (mut tx, _) = lists(&db, ["b", "a", "ä", "Z", "A-b", "A b"]).await;
    let found = tx.rows("SELECT name FROM lists ORDER BY name", params![]).await.unwrap();
    let found: Vec<String> = found.iter().map(|row| row.get("name").unwrap()).collect();
    assert_eq!(found, ["A b", "A-b", "Z", "a", "b", "ä"]);
}

async fn a_reference_finds_its_row(db: Db) {
    let (mut tx, [spring, springs, nandu]) = lists(&db, ["spring", "spring 2", "ñandú"]).await;
    for (text, expected) in [
        ("spring", Found::One(spring)),
        ("spring ", Found::One(springs)),
        ("ñan", Found::One(nandu)),
        (&nandu.to_string(), Found::One(nandu)),
        (&nandu.simple(), Found::One(nandu)),
        ("spr", Found::Several(vec!["spring".into(), "spring 2".into()])),
        ("Spring", Found::Nothing),
        ("%", Found::Nothing),
    ] {
        assert_eq!(find(&mut tx, "lists", text).await, Ok(expected), "{text}");
    }
}

async fn columns_follow_the_schema(db: Db) {
    rows(&db, 1).await;
    let sql = "SELECT * FROM parts";
    let names = async |db: &Db| {
        let mut tx = db.begin().await.unwrap();
        let found = tx.rows(sql, params![]).await;
        found.map(|rows| rows[0].columns().to_vec())
    };
    let mut tx = db.begin().await.unwrap();
    tx.execute("INSERT INTO parts (id, shape_id) VALUES (1, 1)", params![]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(names(&db).await.unwrap(), ["id", "shape_id"]);
    let mut tx = db.begin().await.unwrap();
    tx.batch("ALTER TABLE parts ADD COLUMN note TEXT").await.unwrap();
    tx.commit().await.unwrap();
    // A statement prepared before the change is stale: the engine prepares it anew, or says that
    // the transaction is to be done again.
    let found = match names(&db).await {
        Err(DbError::Busy) => names(&db).await,
        found => found,
    };
    assert_eq!(found.unwrap(), ["id", "shape_id", "note"]);
}
