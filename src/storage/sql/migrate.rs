//! Migrations: pairs of files with equal stems, applied in order, each in one transaction with its
//! row in the ledger.
//!
//! A store from a newer version is refused before anything is touched, and so is one whose applied
//! migrations differ from ours. An embedded store is copied aside before an upgrade.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use sha2::{Digest, Sha256};

use super::{Db, DbError, DbResult, Dialect, Tx, params};

/// One step of the schema, in both dialects.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        &[$(Migration {
            name: $name,
            sqlite: include_str!(concat!("migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// Every migration, oldest first.
const ALL: &[Migration] = migrations![
    "0001_foundation",
    "0002_people",
    "0003_segments",
    "0004_schedules",
    "0005_versions",
    "0006_brands",
    "0007_suppression_sets",
    "0008_reports",
    "0009_keyed_digests",
    "0011_limits",
    "0012_resends"
];

/// How often a busy store is waited for, each time as long as for any lock.
const TRIES: usize = 6;

/// Held while migrating, so that two processes that start at once do it one after the other.
const LOCK: i64 = 0x66_72_6f_6e_74;

impl Migration {
    const fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }

    fn checksum(&self, dialect: Dialect) -> String {
        BASE64.encode(Sha256::digest(self.sql(dialect)))
    }
}

pub(super) async fn run(db: &Db) -> DbResult<Vec<&'static str>> {
    match is_current(db).await {
        Ok(true) => return Ok(Vec::new()),
        Ok(false) | Err(DbError::Busy) => {}
        Err(error) => return Err(error),
    }
    let mut tx = begin(db).await?;
    lock(&mut tx).await?;
    tx.batch(LEDGER).await?;
    let pending = pending(&mut tx).await?;
    tx.commit().await?;
    if pending.len() < ALL.len() && !pending.is_empty() {
        snapshot(db, pending[0].name).await?;
    }
    let mut applied = Vec::new();
    for migration in pending {
        let mut tx = begin(db).await?;
        lock(&mut tx).await?;
        let checksum = migration.checksum(db.dialect());
        let claim =
            "INSERT INTO migrations (name, checksum) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        if tx.execute(claim, params![migration.name, checksum]).await? == 1 {
            tx.batch(migration.sql(db.dialect())).await?;
            applied.push(migration.name);
        }
        tx.commit().await?;
    }
    Ok(applied)
}

const LEDGER: &str =
    "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL)";

/// The common case, told by one read: every migration is there, and nothing else.
async fn is_current(db: &Db) -> DbResult<bool> {
    if db.file().is_some_and(|file| !file.exists()) {
        return Ok(false);
    }
    let mut tx = db.read().await?;
    if !has_ledger(&mut tx).await? {
        return Ok(false);
    }
    Ok(pending(&mut tx).await?.is_empty())
}

async fn has_ledger(tx: &mut Tx) -> DbResult<bool> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT 1 AS found FROM sqlite_schema WHERE name = 'migrations'",
        Dialect::Postgres => "SELECT 1 AS found WHERE to_regclass('migrations') IS NOT NULL",
    };
    Ok(tx.row(sql, params![]).await?.is_some())
}

/// The migrations still to apply; refuses a ledger that is not a beginning of ours.
async fn pending(tx: &mut Tx) -> DbResult<Vec<&'static Migration>> {
    let dialect = tx.dialect();
    let rows = tx.rows("SELECT name, checksum FROM migrations ORDER BY name", params![]).await?;
    for (at, row) in rows.iter().enumerate() {
        let (name, checksum) = (row.get::<String>("name")?, row.get::<String>("checksum")?);
        match ALL.get(at) {
            Some(ours) if ours.name == name && ours.checksum(dialect) == checksum => {}
            Some(ours) if ours.name == name => return Err(DbError::ChangedMigration(name)),
            _ => {
                let known = ALL.last().map_or("none", |last| last.name).to_owned();
                return Err(DbError::FromTheFuture { found: name, known });
            }
        }
    }
    Ok(ALL[rows.len()..].iter().collect())
}

/// Begins although other processes migrate at the same time, which may take longer than any lock of
/// daily work.
async fn begin(db: &Db) -> DbResult<Tx> {
    for _ in 1..TRIES {
        match db.begin().await {
            Err(DbError::Busy) => {}
            begun => return begun,
        }
    }
    db.begin().await
}

async fn lock(tx: &mut Tx) -> DbResult<()> {
    if tx.dialect() == Dialect::Postgres {
        // Another node's migration may take longer than any lock of daily work.
        tx.batch("SET LOCAL lock_timeout = 0").await?;
        tx.rows("SELECT 1 AS locked FROM pg_advisory_xact_lock(?1)", params![LOCK]).await?;
    }
    Ok(()) // SQLite's BEGIN IMMEDIATE is the lock
}

/// Copies an embedded store aside, by SQLite itself, so that the copy is whole. It gets its name
/// when it is done: a copy that was interrupted is never taken for one.
async fn snapshot(db: &Db, before: &str) -> DbResult<()> {
    let Some(file) = db.file() else { return Ok(()) };
    let copy = file.with_extension(format!("before-{before}.db"));
    if copy.exists() {
        return Ok(());
    }
    let (file, target) = (file.to_owned(), copy.clone());
    tokio::task::spawn_blocking(move || copy_whole(&file, &target))
        .await
        .map_err(|error| DbError::engine(error.to_string()))?
        .map_err(|error| DbError::Unavailable(format!("no snapshot could be taken: {error}")))?;
    tracing::info!(snapshot = %copy.display(), "copied the store aside before its upgrade");
    Ok(())
}

fn copy_whole(file: &Path, target: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let folder = target.parent().ok_or("the store is in no folder")?;
    // Nobody else's: several that start at once each make a copy, and the last of them stays.
    let partial = tempfile::Builder::new().suffix(".partial").tempfile_in(folder)?;
    let source = rusqlite::Connection::open(file)?;
    let name = partial.path().to_str().ok_or("the store's path is not UTF-8")?;
    source.execute("VACUUM INTO ?1", [name])?; // it may be there when it is empty
    partial.persist(target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::DbUrl;
    use super::*;

    #[tokio::test]
    async fn a_snapshot_is_a_whole_store_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&DbUrl::Sqlite(folder.path().join("store.db"))).unwrap();
        db.migrate().await.unwrap();
        snapshot(&db, "0002_next").await.unwrap();
        let path = folder.path().join("store.before-0002_next.db");
        let copy = Db::open(&DbUrl::Sqlite(path.clone())).unwrap();
        assert!(copy.migrate().await.unwrap().is_empty(), "the copy lacks a migration");

        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        snapshot(&db, "0002_next").await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        assert!(names.into_iter().all(|name| name.extension().unwrap() != "partial"));
    }
}
