//! Everything a store holds, as text, for tests of what must not be there any more.

use frontier::storage::sql::{Db, Dialect, Value, params};

/// Every value of every table, in lower case, a row a line after the table's name.
pub(crate) async fn dump(db: &Db) -> String {
    let tables = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables
             WHERE table_schema = 'public' ORDER BY table_name"
        }
    };
    let mut tx = db.read().await.unwrap();
    let mut lines = Vec::new();
    for table in tx.rows(tables, params![]).await.unwrap() {
        let table: String = table.get("name").unwrap();
        for row in tx.rows(&format!("SELECT * FROM {table}"), params![]).await.unwrap() {
            let values: Vec<String> = row.values().iter().map(Value::shown).collect();
            lines.push(format!("{table}: {}", values.join(", ")));
        }
    }
    lines.join("\n").to_lowercase()
}

/// Whether `text` stands anywhere in the files of an embedded store, once its log is in it.
pub(crate) async fn files_hold(db: &Db, text: &str) -> bool {
    let Some(file) = db.file() else { return false };
    db.begin().await.unwrap().commit().await.unwrap();
    db.leave().await.unwrap();
    let folder = file.parent().unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let store = file.file_name().unwrap().to_string_lossy().into_owned();
    let ours =
        |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&store);
    files.filter(ours).any(|path| {
        let bytes = std::fs::read(path).unwrap().to_ascii_lowercase();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}
