//! Two workers on one ledger, a server, and everything that can happen to them.
//!
//! Checked after every step: no more mails are in flight than may be, nothing is offered that was known
//! to be suppressed when it was leased, and copies at the server are no more than there is a cause
//! for: a mail in flight when its worker crashed, stood still until another took it over, or lost its
//! line. Checked at the end, when everybody works again: the ledger is over, and holds nothing for
//! accepted that the server has not.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::Row;
use crate::core::events::LEASE;
use crate::core::kernel::Timestamp;
use crate::core::publishing::moves::{Judgement, judge};
use crate::core::publishing::{DeliveryState, RunStatus, Verdict};

const CONTACTS: usize = 6;
const NODES: [&str; 2] = ["first", "second"];
/// Rows leased at once, and mails in flight at the most.
const BATCH: usize = 3;
const IN_FLIGHT: usize = 2;

/// What a server does with a mail.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Take,
    Defer,
    Refuse,
    /// The line breaks; the mail was taken, or not.
    Break {
        taken: bool,
    },
}

#[derive(Clone, Debug)]
enum Step {
    Claim(usize),
    Offer(usize),
    Answer(usize, Answer),
    Settle(usize),
    Renew(usize),
    Expire(usize),
    /// It is gone at once; whether the server takes what it was hearing.
    Crash(usize, bool),
    Return(usize),
    Stop(usize),
    Freeze(usize),
    Thaw(usize),
    Suppress(usize),
    Pause,
    Resume,
    Resend,
    Pass(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = || 0..NODES.len();
    let answer = prop_oneof![
        4 => Just(Answer::Take),
        2 => Just(Answer::Defer),
        1 => Just(Answer::Refuse),
        1 => any::<bool>().prop_map(|taken| Answer::Break { taken }),
    ];
    let passes = prop_oneof![1_000..30_000_u32, 61_000..90_000_u32, 60_000..90_000_000_u32];
    let one = prop_oneof![
        6 => node().prop_map(Step::Claim),
        8 => node().prop_map(Step::Offer),
        8 => (node(), answer).prop_map(|(node, answer)| Step::Answer(node, answer)),
        5 => node().prop_map(Step::Settle),
        2 => node().prop_map(Step::Renew),
        3 => node().prop_map(Step::Expire),
        2 => (node(), any::<bool>()).prop_map(|(node, taken)| Step::Crash(node, taken)),
        3 => node().prop_map(Step::Return),
        1 => node().prop_map(Step::Stop),
        2 => node().prop_map(Step::Freeze),
        3 => node().prop_map(Step::Thaw),
        1 => (0..CONTACTS).prop_map(Step::Suppress),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        1 => Just(Step::Resend),
        5 => passes.prop_map(Step::Pass),
    ];
    proptest::collection::vec(one, 1..80)
}

/// A mail that a worker has in hand.
#[derive(Clone, Debug)]
struct Mail {
    row: usize,
    attempts: u32,
    is_suppressed: bool,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Ready,
    Offered,
    Judged(Judgement),
}

#[derive(Clone, Debug)]
struct Node {
    name: &'static str,
    is_there: bool,
    is_frozen: bool,
    /// It lets go of the run: nothing more is claimed or offered.
    halts: bool,
    hand: Vec<Mail>,
    /// Until when its leases are known to hold.
    known_until: Timestamp,
}

impl Node {
    fn works(&self) -> bool {
        self.is_there && !self.is_frozen
    }

    fn in_flight(&self) -> usize {
        let is_in_flight = |mail: &&Mail| match &mail.stage {
            Stage::Ready => false,
            Stage::Offered => true,
            Stage::Judged(judged) => judged.state != DeliveryState::Suppressed,
        };
        self.hand.iter().filter(is_in_flight).count()
    }
}

struct World {
    /// Whether workers look at their leases before they offer a mail.
    is_careful: bool,
    now: Timestamp,
    status: RunStatus,
    rows: Vec<Row>,
    /// How often the server took the mail of each.
    taken: Vec<usize>,
    suppressed: BTreeSet<usize>,
    nodes: Vec<Node>,
    /// Copies there may be.
    allowed: usize,
}

impl World {
    fn new(is_careful: bool) -> Self {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let node = |name| Node {
            name,
            is_there: true,
            is_frozen: false,
            halts: false,
            hand: Vec::new(),
            known_until: now.plus(LEASE),
        };
        Self {
            is_careful,
            now,
            status: RunStatus::Active,
            rows: vec![Row::due(now); CONTACTS],
            taken: vec![0; CONTACTS],
            suppressed: BTreeSet::new(),
            nodes: NODES.map(node).to_vec(),
            allowed: 0,
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Claim(at) => self.claim(at),
            Step::Offer(at) => self.offer(at)?,
            Step::Answer(at, answer) => self.answer(at, answer),
            Step::Settle(at) => self.settle(at),
            Step::Renew(at) => self.renew(at),
            Step::Expire(at) => self.expire(at),
            Step::Crash(at, taken) => self.crash(at, taken),
            Step::Return(at) => self.come_back(at),
            Step::Stop(at) => self.nodes[at].halts = true,
            Step::Freeze(at) => self.nodes[at].is_frozen = true,
            Step::Thaw(at) => self.nodes[at].is_frozen = false,
            Step::Suppress(contact) => drop(self.suppressed.insert(contact)),
            Step::Pause if self.status == RunStatus::Active => self.status = RunStatus::Paused,
            Step::Resume if self.status == RunStatus::Paused => self.status = RunStatus::Active,
            Step::Pause | Step::Resume => {}
            Step::Resend => self.resend(),
            Step::Pass(millis) => {
                self.now = self.now.plus(std::time::Duration::from_millis(millis.into()));
            }
        }
        self.let_go();
        if self.status == RunStatus::Active && self.is_over() {
            self.status = RunStatus::Completed;
        }
        let copies: usize = self.taken.iter().map(|times| times.saturating_sub(1)).sum();
        prop_assert!(copies <= self.allowed, "{copies} copies, {} allowed", self.allowed);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.rows.iter().all(|row| !row.waits() && row.lease.is_none())
    }

    fn claim(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if !node.works() || node.halts || self.status != RunStatus::Active {
            return;
        }
        let until = self.now.plus(LEASE);
        let mut rows = self.rows.iter_mut().enumerate();
        for _ in 0..BATCH {
            let Some((row, found)) = rows
                .find_map(|(at, row)| row.claim(node.name, self.now, until).then_some((at, row)))
            else {
                return;
            };
            node.hand.push(Mail {
                row,
                attempts: found.attempts,
                is_suppressed: self.suppressed.contains(&row),
                stage: Stage::Ready,
            });
        }
    }

    fn offer(&mut self, at: usize) -> Result<(), TestCaseError> {
        let (now, is_careful) = (self.now, self.is_careful);
        let node = &mut self.nodes[at];
        if !node.works() || node.halts || node.in_flight() >= IN_FLIGHT {
            return Ok(());
        }
        if is_careful && now >= node.known_until {
            self.renew(at);
            return Ok(());
        }
        let Some(mail) = node.hand.iter_mut().find(|mail| matches!(mail.stage, Stage::Ready))
        else {
            return Ok(());
        };
        mail.stage = if mail.is_suppressed {
            let (attempts, reply) = (mail.attempts, String::new());
            let state = DeliveryState::Suppressed;
            Stage::Judged(Judgement {
                state,
                attempts,
                due_at: now,
                code: None,
                enhanced: None,
                reply,
            })
        } else {
            Stage::Offered
        };
        prop_assert!(node.in_flight() <= IN_FLIGHT);
        Ok(())
    }

    /// The server answers the first mail it is hearing from a node, whatever became of that one.
    fn answer(&mut self, at: usize, answer: Answer) {
        let offered = |mail: &&mut Mail| matches!(mail.stage, Stage::Offered);
        let Some(mail) = self.nodes[at].hand.iter_mut().find(offered) else { return };
        let reply = String::new();
        let verdict = match answer {
            Answer::Take => Verdict::Accepted { reply },
            Answer::Refuse => Verdict::Refused { code: Some(550), reply },
            Answer::Defer => Verdict::Deferred { code: Some(451), reply },
            Answer::Break { .. } => Verdict::Deferred { code: None, reply },
        };
        if matches!(answer, Answer::Take | Answer::Break { taken: true }) {
            self.taken[mail.row] += 1;
        }
        if matches!(answer, Answer::Break { taken: true }) {
            self.allowed += 1;
        }
        mail.stage = Stage::Judged(judge(mail.attempts, verdict, self.now));
    }

    fn settle(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if !node.works() {
            return;
        }
        let rows = &mut self.rows;
        node.hand.retain(|mail| match &mail.stage {
            Stage::Judged(judged) => {
                rows[mail.row].settle(node.name, judged); // refused when it is another's by now
                false
            }
            Stage::Ready | Stage::Offered => true,
        });
    }

    /// A renewal finds how many rows are a node's still; with fewer than it has in hand, it lets go.
    fn renew(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if !node.works() {
            return;
        }
        let until = self.now.plus(LEASE);
        let held = self.rows.iter_mut().filter_map(|row| row.renew(node.name, until).then_some(()));
        if held.count() >= node.hand.len() {
            node.known_until = until;
        } else if self.is_careful {
            node.halts = true;
        }
    }

    fn expire(&mut self, at: usize) {
        let name = self.nodes[at].name;
        if !self.nodes[at].works() || self.status != RunStatus::Active {
            return;
        }
        for (row, one) in self.rows.iter_mut().enumerate() {
            let holder = one.lease.as_ref().map(|(by, _)| by.clone());
            if !one.expire(name, self.now) {
                continue;
            }
            // What its holder has in flight may be taken, and its verdict is refused.
            let holder = self.nodes.iter().find(|node| Some(node.name) == holder.as_deref());
            let of_row = |mail: &&Mail| mail.row == row && !matches!(mail.stage, Stage::Ready);
            self.allowed += holder.map_or(0, |node| node.hand.iter().filter(of_row).count());
        }
    }

    fn crash(&mut self, at: usize, taken: bool) {
        let node = &mut self.nodes[at];
        if !node.is_there {
            return;
        }
        self.allowed += node.in_flight();
        for mail in node.hand.drain(..) {
            if taken && matches!(mail.stage, Stage::Offered) {
                self.taken[mail.row] += 1;
            }
        }
        (node.is_there, node.is_frozen, node.halts) = (false, false, false);
    }

    /// Whoever comes after a worker that is gone takes back what that one held.
    fn come_back(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.is_there {
            return;
        }
        (node.is_there, node.known_until) = (true, self.now.plus(LEASE));
        node.halts = false;
        for row in &mut self.rows {
            row.release(node.name);
        }
    }

    /// A node that halts gives back what it holds, once the mails in flight have ended, and works again.
    fn let_go(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.works() && node.halts) {
            node.hand.retain(|mail| !matches!(mail.stage, Stage::Ready));
            if node.hand.is_empty() {
                for row in &mut self.rows {
                    row.release(node.name);
                }
                (node.halts, node.known_until) = (false, self.now.plus(LEASE));
            }
        }
    }

    fn resend(&mut self) {
        if !matches!(self.status, RunStatus::Paused | RunStatus::Completed) {
            return;
        }
        let mut any = false;
        for (contact, row) in self.rows.iter_mut().enumerate() {
            any |= !self.suppressed.contains(&contact) && row.resend(self.now);
        }
        if any {
            self.status = RunStatus::Active;
        }
    }

    /// Everybody works, and the server takes everything, until the run is over.
    fn end(&mut self) -> Result<(), TestCaseError> {
        self.take(&Step::Resume)?;
        for _ in 0..100 {
            if self.is_over() {
                break;
            }
            for at in 0..NODES.len() {
                self.take(&Step::Thaw(at))?;
                self.take(&Step::Return(at))?;
                for _ in 0..IN_FLIGHT {
                    self.take(&Step::Offer(at))?;
                    self.take(&Step::Answer(at, Answer::Take))?;
                }
                for step in [Step::Settle(at), Step::Expire(at), Step::Claim(at)] {
                    self.take(&step)?;
                }
            }
            if self.nodes.iter().all(|node| node.hand.is_empty()) {
                self.take(&Step::Pass(25 * 3_600_000))?;
            }
        }
        prop_assert!(self.is_over(), "it never ends: {:?}", self.rows);
        for (contact, row) in self.rows.iter().enumerate() {
            prop_assert!(row.state.is_settled(), "{contact} is missed");
            let is_taken = self.taken[contact] > 0;
            prop_assert!(row.state != DeliveryState::Accepted || is_taken, "{contact} has nothing");
        }
        Ok(())
    }
}

fn check(cases: u32, is_careful: bool) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let tried = runner.run(&steps(), |steps| {
        let mut world = World::new(is_careful);
        steps.iter().try_for_each(|step| world.take(step))?;
        world.end()
    });
    tried.map_err(|error| error.to_string())
}

#[test]
fn nothing_is_missed_and_copies_have_a_cause() {
    check(4000, true).unwrap();
}

/// The model is worth something: it finds the flaw of workers that do not look at their leases.
#[test]
fn workers_that_trust_old_leases_are_found_out() {
    let flaw = check(20_000, false).unwrap_err();
    assert!(flaw.contains(" copies, "), "{flaw}");
}
