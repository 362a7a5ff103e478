//! The statements of the ledger and the model's moves, side by side.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::Row;
use crate::core::events::LEASE;
use crate::core::kernel::{Clock, Id, Timestamp};
use crate::core::publishing::deliveries::{DeliveryFilter, Wanted};
use crate::core::publishing::moves::judge;
use crate::core::publishing::store::ledger::{self, Settlement};
use crate::core::publishing::store::resends;
use crate::core::publishing::{DeliveryState, Verdict};
use crate::storage::sql::{Db, DbUrl, params};

const ROWS: usize = 5;
const NODES: [&str; 3] = ["a/1", "a/2", "b/1"];

/// A move, by the node it is made by.
#[derive(Clone, Debug)]
enum Move {
    Claim(usize),
    Settle(usize, usize, Verdict),
    Renew(usize),
    Release(usize),
    PutBack(usize, usize, u16),
    Expire(usize),
    ReleaseNode,
    Resend,
    Pass(u16),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let node = || 0..NODES.len();
    let reply = "5.1.1 said so".to_owned();
    let verdict = prop_oneof![
        Just(Verdict::Accepted { reply: reply.clone() }),
        Just(Verdict::Deferred { code: Some(451), reply: reply.clone() }),
        Just(Verdict::Refused { code: Some(550), reply }),
    ];
    let one = prop_oneof![
        4 => node().prop_map(Move::Claim),
        6 => (node(), 0..ROWS, verdict).prop_map(|(n, row, said)| Move::Settle(n, row, said)),
        1 => node().prop_map(Move::Renew),
        1 => node().prop_map(Move::Release),
        2 => (node(), 0..ROWS, any::<u16>()).prop_map(|(n, row, s)| Move::PutBack(n, row, s)),
        2 => node().prop_map(Move::Expire),
        1 => Just(Move::ReleaseNode),
        1 => Just(Move::Resend),
        4 => any::<u16>().prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 1..40)
}

/// A run in a store, and what the model says its rows are.
struct Pair {
    db: Db,
    clock: Clock,
    run: Id,
    contacts: Vec<Id>,
    message: Id,
    rows: Vec<Row>,
}

impl Pair {
    /// A fresh run of the store's only campaign.
    async fn begin(db: &Db, clock: &Clock, campaign: Id, contacts: &[Id]) -> Self {
        let (run, message, now) = (clock.new_id(), clock.new_id(), clock.now());
        let mut tx = db.begin().await.unwrap();
        let sql = "INSERT INTO runs
                   (id, campaign_id, channel, plan, status, prepared, recipients, started_at)
                   VALUES (?1, ?2, ?3, ?3, 'active', TRUE, 0, ?4)";
        tx.execute(sql, params![run, campaign, serde_json::json!({}), now]).await.unwrap();
        let sql = "INSERT INTO deliveries
                   (run_id, message_id, contact_id, email, domain, state, attempts, due_at)
                   VALUES (?1, ?2, ?3, 'a@b.example', 'b.example', 'queued', 0, ?4)";
        let rows = contacts.iter().map(|contact| params![run, message, *contact, now]);
        tx.execute_many(sql, rows.collect()).await.unwrap();
        tx.commit().await.unwrap();
        let rows = vec![Row::due(now); contacts.len()];
        let (db, clock, contacts) = (db.clone(), clock.clone(), contacts.to_vec());
        Self { db, clock, run, contacts, message, rows }
    }

    /// Makes a move on both sides; gives how many rows each says it was of.
    async fn make(&mut self, step: &Move) -> (u64, u64) {
        let (run, now) = (self.run, self.clock.now());
        let until = now.plus(LEASE);
        let mut tx = self.db.begin().await.unwrap();
        let moved = |rows: &mut Vec<Row>, change: &mut dyn FnMut(&mut Row) -> bool| {
            rows.iter_mut().filter_map(|row| change(row).then_some(())).count() as u64
        };
        let rows = &mut self.rows;
        let both = match step {
            Move::Claim(node) => {
                let node = NODES[*node];
                let due = ledger::claim(&mut tx, run, node, now, until, 100, &[]).await.unwrap();
                (due.len() as u64, moved(rows, &mut |row| row.claim(node, now, until)))
            }
            Move::Settle(node, at, verdict) => {
                let judged = judge(rows[*at].attempts, verdict.clone(), now);
                let written = Settlement {
                    contact_id: self.contacts[*at],
                    message_id: self.message,
                    state: judged.state,
                    attempts: judged.attempts,
                    due_at: judged.due_at,
                    code: judged.code,
                    enhanced: judged.enhanced.clone(),
                    reply: judged.reply.clone(),
                };
                let node = NODES[*node];
                let held = ledger::settle(&mut tx, run, node, now, &[written]).await.unwrap();
                (held, u64::from(rows[*at].settle(node, &judged)))
            }
            Move::Renew(node) => {
                let node = NODES[*node];
                let held = ledger::renew(&mut tx, run, node, until).await.unwrap();
                (held, moved(rows, &mut |row| row.renew(node, until)))
            }
            Move::Release(node) => {
                let node = NODES[*node];
                let given = ledger::release(&mut tx, run, node).await.unwrap();
                (given, moved(rows, &mut |row| row.release(node)))
            }
            Move::PutBack(node, at, seconds) => {
                let (node, due) = (NODES[*node], now.plus(Duration::from_secs((*seconds).into())));
                let row = [(self.contacts[*at], self.message, due)];
                let given = ledger::put_back(&mut tx, run, node, &row).await.unwrap();
                (given, u64::from(rows[*at].put_back(node, due)))
            }
            Move::Expire(node) => {
                let node = NODES[*node];
                let taken = ledger::release_expired(&mut tx, run, node, now).await.unwrap();
                (taken, moved(rows, &mut |row| row.expire(node, now)))
            }
            Move::ReleaseNode => {
                ledger::release_node(&mut tx, "a/").await.unwrap(); // of other runs too
                moved(rows, &mut |row| row.release("a/1") || row.release("a/2"));
                (0, 0)
            }
            Move::Resend => {
                let filter = DeliveryFilter::default();
                let wanted =
                    Wanted { filter: &filter, run, message: None, unsettled_are_missed: false };
                let back = resends::put_back(&mut tx, &wanted, now).await.unwrap();
                (back, moved(rows, &mut |row| row.resend(now)))
            }
            Move::Pass(seconds) => {
                self.clock.advance(i64::from(*seconds) * 1000 / 8);
                (0, 0)
            }
        };
        tx.commit().await.unwrap();
        both
    }

    /// The rows as they are in the store.
    async fn stored(&self) -> Vec<Row> {
        let sql = "SELECT state, attempts, due_at, leased_by, leased_until, resent
                   FROM deliveries WHERE run_id = ?1 ORDER BY contact_id";
        let rows = self.db.read().await.unwrap().rows(sql, params![self.run]).await.unwrap();
        let row = |row: &crate::storage::sql::Row| {
            let by: Option<String> = row.get("leased_by").unwrap();
            let until: Option<Timestamp> = row.get("leased_until").unwrap();
            Row {
                state: row.word::<DeliveryState>("state").unwrap(),
                attempts: row.get("attempts").unwrap(),
                due_at: row.get("due_at").unwrap(),
                lease: by.zip(until),
                resent: row.get("resent").unwrap(),
            }
        };
        rows.iter().map(row).collect()
    }
}

/// A store with a campaign and contacts.
async fn store(folder: &std::path::Path, clock: &Clock) -> (Db, Id, Vec<Id>) {
    let db = Db::open(&DbUrl::Sqlite(folder.join("store.db"))).unwrap();
    db.migrate().await.unwrap();
    let (workspace, campaign, now) = (clock.new_id(), clock.new_id(), clock.now());
    let db = db.in_workspace(workspace);
    let mut tx = db.begin().await.unwrap();
    let sql = "INSERT INTO workspaces (id, name, token_key, created_at) VALUES (?1, 'w', ?2, ?3)";
    tx.execute(sql, params![workspace, vec![0_u8; 32], now]).await.unwrap();
    let sql = "INSERT INTO campaigns (id, workspace_id, name, type, status, spent_minor, currency,
                   settings, goals, labels, version, created_at, updated_at)
               VALUES (?1, ?2, 'c', 'email', 'active', 0, 'EUR', ?3, ?3, ?3, 1, ?4, ?4)";
    tx.execute(sql, params![campaign, workspace, serde_json::json!({}), now]).await.unwrap();
    let contacts: Vec<Id> = (0..ROWS).map(|_| clock.new_id()).collect();
    let sql = "INSERT INTO contacts (id, workspace_id, email, email_folded, name, name_folded,
                   attributes, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?3, '', '', ?4, ?5, ?5)";
    let rows = contacts.iter().map(|id| {
        params![*id, workspace, format!("{}@b.example", id.simple()), serde_json::json!({}), now]
    });
    tx.execute_many(sql, rows.collect()).await.unwrap();
    tx.commit().await.unwrap();
    (db, campaign, contacts)
}

#[test]
fn the_statements_move_rows_as_the_model_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(Timestamp::from_millis(1_767_225_600_000));
    let (db, campaign, contacts) = runtime.block_on(store(folder.path(), &clock));
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() };
    proptest!(config, |(steps in moves())| {
        runtime.block_on(async {
            let mut pair = Pair::begin(&db, &clock, campaign, &contacts).await;
            for step in &steps {
                let (statement, model) = pair.make(step).await;
                prop_assert_eq!(statement, model, "{:?}", step);
                prop_assert_eq!(&pair.stored().await, &pair.rows, "{:?}", step);
            }
            Ok::<(), TestCaseError>(())
        })?;
    });
}
