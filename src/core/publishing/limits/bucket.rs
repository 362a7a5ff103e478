//! Meters and the tokens they give. All times are microseconds since 1970.
//!
//! A [`Meter`] is what the store keeps of one scope: a channel, a domain of it, the workspace. It
//! gives tokens in [`Block`]s. A limit per second is a pace: a block is a stretch of time that nobody
//! else has, and each of its tokens has its place there, so that what a crash leaves of it passes
//! unused. Limits by minute, hour and day count what was given in parts of the span, and let go of a
//! part only when all of it is over: never more than the limit in any such span, wherever it begins.

use std::collections::VecDeque;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::adapt::Adapted;
use super::model::Rates;
use super::warm_up::Today;

pub(super) const SECOND: i64 = 1_000_000;
/// How far back the tokens of a pace reach when they are reserved, and for how long each may be used.
/// What lies between is the time that a reservation has to be written: without it a lone token would be
/// too old as soon as it is there. In any ten seconds there are 1.9 % more than the pace at the most.
const REACH: i64 = SECOND * 6 / 100;
const USABLE: i64 = SECOND * 19 / 100;
/// A block of a pace is no longer than this.
const BLOCK: f64 = 0.5;
/// A block may begin so far ahead; for one that begins later there is time to ask again.
const AHEAD: i64 = SECOND;
/// How long tokens without a pace may be kept.
const KEPT: i64 = 2 * SECOND;
/// The parts that a span is counted in.
const PARTS: i64 = 24;

/// What a scope may use now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Allowed {
    pub(super) per_second: Option<f64>,
    /// By minute, hour and day.
    pub(super) rates: Rates,
    pub(super) today: Option<Today>,
}

/// What was given of one scope, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::core::publishing) struct Meter {
    /// From when on the pace has tokens.
    #[serde(default)]
    pace: i64,
    #[serde(default, skip_serializing_if = "Counted::is_empty")]
    minute: Counted,
    #[serde(default, skip_serializing_if = "Counted::is_empty")]
    hour: Counted,
    #[serde(default, skip_serializing_if = "Counted::is_empty")]
    day: Counted,
    /// The day of a warm-up, and what was given on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warm_up: Option<(NaiveDate, u32)>,
    /// The lowered rate of a domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) adapted: Option<Adapted>,
}

/// Tokens: the n-th may be used from `from + n * every` on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) count: u32,
    pub(super) from: i64,
    /// Zero without a pace.
    pub(super) every: f64,
    /// When it was reserved.
    pub(super) at: i64,
}

/// Nothing is left before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) until: i64,
    pub(super) by: Bound,
}

/// What a scope has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Pace,
    Span { limit: u32, span: &'static str },
    WarmUp { cap: u32 },
}

impl Meter {
    /// Gives up to `want` tokens.
    pub(super) fn reserve(
        &mut self,
        allowed: &Allowed,
        now: i64,
        want: u32,
    ) -> Result<Block, Closed> {
        let mut count = want.max(1);
        for (counted, span, limit, word) in self.spans(&allowed.rates) {
            let left = counted.left(span, limit, now);
            count = count.min(
                left.map_err(|until| Closed { until, by: Bound::Span { limit, span: word } })?,
            );
        }
        if let Some(Today { date, cap, ends }) = allowed.today {
            let given = self.warm_up.filter(|(day, _)| *day == date).map_or(0, |(_, given)| given);
            if given >= cap {
                let until = ends.as_millis().saturating_mul(1000);
                return Err(Closed { until, by: Bound::WarmUp { cap } });
            }
            count = count.min(cap - given);
        }
        let mut block = Block { count, from: now, every: 0.0, at: now };
        if let Some(rate) = allowed.per_second {
            let every = SECOND as f64 / rate;
            // Further ahead than anybody reserves: a clock was wrong.
            let latest = now + AHEAD + micros((every * 2.0).max(SECOND as f64));
            let from = self.pace.min(latest).max(now - REACH);
            if from > now + AHEAD {
                self.pace = from;
                return Err(Closed { until: from, by: Bound::Pace });
            }
            let most = whole(rate * BLOCK).max(1);
            block = Block { count: count.min(most), from, every, at: now };
            self.pace = from + micros((every * f64::from(block.count)).ceil());
        }
        for (counted, span, ..) in self.spans(&allowed.rates) {
            counted.add(span, now, block.count);
        }
        if let Some(Today { date, .. }) = allowed.today {
            let given = self.warm_up.filter(|(day, _)| *day == date).map_or(0, |(_, given)| given);
            self.warm_up = Some((date, given + block.count));
        }
        Ok(block)
    }

    /// Takes back `count` tokens that were reserved at `at` and not used; a pace does not.
    pub(super) fn take_back(&mut self, at: i64, count: u32) {
        for (counted, span) in
            [(&mut self.minute, 60), (&mut self.hour, 3600), (&mut self.day, 86_400)]
        {
            counted.subtract(span * SECOND, at, count);
        }
        if let Some((_, given)) = &mut self.warm_up {
            *given = given.saturating_sub(count);
        }
    }

    /// Until when it says anything.
    pub(super) fn until(&self) -> i64 {
        let ends = [(&self.minute, 60), (&self.hour, 3600), (&self.day, 86_400)];
        let ends = ends.map(|(counted, span)| counted.ends(span * SECOND));
        let warm_up = self.warm_up.map_or(0, |(date, _)| {
            (date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp() + 2 * 86_400) * SECOND
        });
        let adapted = self.adapted.map_or(0, |adapted| adapted.ends());
        ends.into_iter().fold(self.pace.max(warm_up).max(adapted), i64::max)
    }

    /// Those spans that have a limit: what was given, microseconds, limit and word.
    fn spans<'a>(
        &'a mut self,
        rates: &Rates,
    ) -> impl Iterator<Item = (&'a mut Counted, i64, u32, &'static str)> + use<'a> {
        let spans = [
            (&mut self.minute, 60, rates.per_minute, "a minute"),
            (&mut self.hour, 3600, rates.per_hour, "an hour"),
            (&mut self.day, 86_400, rates.per_day, "a day"),
        ];
        spans.into_iter().filter_map(|(counted, seconds, limit, word)| {
            Some((counted, seconds * SECOND, limit?, word))
        })
    }
}

/// What was given, by parts of a span: the number of the part since 1970, and how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counted(VecDeque<(i64, u32)>);

impl Counted {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many are left of `limit`, or until when none is.
    fn left(&mut self, span: i64, limit: u32, now: i64) -> Result<u32, i64> {
        let part = span / PARTS;
        // A part ahead of us is another process's, or of a clock that was wrong.
        self.0.retain(|(at, _)| {
            (at + 1) * part + span + KEPT > now && at * part <= now.saturating_add(span)
        });
        let mut used: u64 = self.0.iter().map(|(_, count)| u64::from(*count)).sum();
        if used < u64::from(limit) {
            return Ok(limit - u32::try_from(used).unwrap_or(limit));
        }
        let mut until = now;
        for (at, count) in &self.0 {
            until = (at + 1) * part + span + KEPT;
            used -= u64::from(*count);
            if used < u64::from(limit) {
                break;
            }
        }
        Err(until)
    }

    fn add(&mut self, span: i64, now: i64, count: u32) {
        let at = now.div_euclid(span / PARTS);
        match self.0.iter_mut().find(|(part, _)| *part == at) {
            Some((_, given)) => *given = given.saturating_add(count),
            None => self.0.push_back((at, count)),
        }
    }

    fn subtract(&mut self, span: i64, at: i64, count: u32) {
        let at = at.div_euclid(span / PARTS);
        if let Some((_, given)) = self.0.iter_mut().find(|(part, _)| *part == at) {
            *given = given.saturating_sub(count);
        }
        self.0.retain(|(_, given)| *given > 0);
    }

    fn ends(&self, span: i64) -> i64 {
        self.0.iter().map(|(at, _)| (at + 1) * (span / PARTS) + span + KEPT).max().unwrap_or(0)
    }
}

/// Microseconds as a whole number; the last there is for more.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a real number stops at the ends")]
pub(super) const fn micros(micros: f64) -> i64 {
    micros as i64
}

/// The whole of a count: none for less than nothing, the last number there is for more.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a real number stops at the ends"
)]
pub(in crate::core::publishing) const fn whole(count: f64) -> u32 {
    count as u32
}

/// Tokens in hand of one scope.
#[derive(Debug, Default)]
pub(super) struct Purse {
    blocks: VecDeque<Block>,
    /// Those that were not used in time: when they were reserved, and how many.
    unused: Vec<(i64, u32)>,
}

impl Purse {
    pub(super) fn put(&mut self, block: Block) {
        self.blocks.push_back(block);
    }

    /// How many there are, also for later; forgets those that are too old to be used.
    pub(super) fn total(&mut self, now: i64) -> u32 {
        for block in &mut self.blocks {
            let old = block.stale(now);
            if old > 0 {
                self.unused.push((block.at, old));
                block.drop_first(old);
            }
        }
        self.blocks.retain(|block| block.count > 0);
        self.blocks.iter().map(|block| block.count).sum()
    }

    /// How many may be used now.
    pub(super) fn ready(&mut self, now: i64) -> u32 {
        self.total(now);
        self.blocks.iter().map(|block| block.ready(now)).sum()
    }

    /// When the `count`-th may be used.
    pub(super) fn when(&self, count: u32) -> Option<i64> {
        let mut before = 0;
        for block in &self.blocks {
            if count <= before + block.count {
                let place = f64::from((count - before).saturating_sub(1));
                return Some(block.from + micros((block.every * place).ceil()));
            }
            before += block.count;
        }
        None
    }

    /// Uses `count` of them.
    pub(super) fn take(&mut self, mut count: u32) {
        for block in &mut self.blocks {
            let some = count.min(block.count);
            block.drop_first(some);
            count -= some;
        }
        self.blocks.retain(|block| block.count > 0);
    }

    /// What to give back to the meter.
    pub(super) fn unused(&mut self) -> Vec<(i64, u32)> {
        std::mem::take(&mut self.unused)
    }

    pub(super) fn holds_unused(&self) -> bool {
        !self.unused.is_empty()
    }

    /// Takes all out, to be given back.
    pub(super) fn empty(&mut self) {
        let left = self.blocks.drain(..).map(|block| (block.at, block.count));
        self.unused.extend(left);
    }
}

impl Block {
    fn ready(&self, now: i64) -> u32 {
        if self.from > now {
            0
        } else if self.every > 0.0 {
            whole((now - self.from) as f64 / self.every).saturating_add(1).min(self.count)
        } else {
            self.count
        }
    }

    /// How many of its tokens are too old.
    fn stale(&self, now: i64) -> u32 {
        if self.every > 0.0 {
            let late = (now - USABLE - self.from) as f64;
            if late <= 0.0 { 0 } else { whole((late / self.every).ceil()).min(self.count) }
        } else if now > self.at + KEPT {
            self.count
        } else {
            0
        }
    }

    fn drop_first(&mut self, count: u32) {
        self.count -= count;
        self.from += micros((self.every * f64::from(count)).round());
    }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
