//! A fresh store for each test, on each engine.
//!
//! `on_every_backend!(case)` makes the tests `sqlite::case` and `postgres::case` of an
//! `async fn case(db: Db)`, or of one that takes a [`DbUrl`] and finds nothing there yet.

use std::panic::{AssertUnwindSafe, resume_unwind};

use frontier::core::kernel::{Clock, Secret};
use frontier::storage::sql::{Db, DbUrl};
use futures::FutureExt;

/// The server whose databases the tests make and drop.
const SERVER: &str = "FRONTIER_TEST_POSTGRES_URL";
/// Set to `1` to leave the PostgreSQL half out, where there is no server. Not in CI.
const WITHOUT: &str = "FRONTIER_TEST_WITHOUT_POSTGRES";

#[derive(Clone, Copy, Debug)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// What a case is given: a migrated [`Db`], or the [`DbUrl`] of an empty store.
pub(crate) trait Given {
    async fn given(url: DbUrl) -> Self;
}

impl Given for Db {
    async fn given(url: DbUrl) -> Self {
        let db = Self::open(&url).unwrap();
        db.migrate().await.unwrap();
        db
    }
}

impl Given for DbUrl {
    async fn given(url: DbUrl) -> Self {
        url
    }
}

/// Runs `case` on a store of its own, which is removed afterwards whatever happens.
pub(crate) async fn run<T: Given, F: Future<Output = ()>>(
    backend: Backend,
    case: impl FnOnce(T) -> F,
) {
    match backend {
        Backend::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            case(T::given(DbUrl::Sqlite(folder.path().join("store.db"))).await).await;
        }
        Backend::Postgres => {
            let Some(server) = postgres_server() else { return };
            let name = format!("frontier_test_{}", Clock::system().new_id().simple());
            admin(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
            let mut url: url::Url = server.parse().unwrap();
            url.set_path(&name);
            let url = DbUrl::Postgres(Secret::new(url.into()));
            let outcome = AssertUnwindSafe(async { case(T::given(url).await).await });
            let outcome = outcome.catch_unwind().await;
            admin(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            outcome.unwrap_or_else(|panic| resume_unwind(panic));
        }
    }
}

#[expect(clippy::print_stderr, reason = "a test that proves nothing has to say so")]
fn postgres_server() -> Option<String> {
    if let Ok(url) = std::env::var(SERVER) {
        return Some(url);
    }
    let skip = std::env::var(WITHOUT).is_ok_and(|value| value == "1");
    assert!(
        skip && std::env::var_os("CI").is_none(),
        "there is no PostgreSQL to test on: start the servers with tests/run, or name one in \
         {SERVER}; {WITHOUT}=1 leaves this half out, but not in CI"
    );
    eprintln!("skipped on PostgreSQL, because {WITHOUT}=1");
    None
}

async fn admin(server: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// Makes a test on each engine of every case.
macro_rules! on_every_backend {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                use $crate::support::backend::{Backend, run};
                run(Backend::Sqlite, super::$case).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                use $crate::support::backend::{Backend, run};
                run(Backend::Postgres, super::$case).await;
            })+
        }
    };
}
pub(crate) use on_every_backend;
