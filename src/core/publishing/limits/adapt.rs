//! What servers say to many mails of a domain changes how many it is offered.
//!
//! Replies that ask for patience (421, 450, 451, 452, 454) and replies that come slowly halve the
//! domain's rate, beginning with the rate it had; good ones raise it evenly, from nothing to that rate
//! in a minute, and then it is as before. One full mailbox says nothing about a domain, so it takes
//! several such replies, and a tenth of all.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bucket::SECOND;

/// A reply that takes so long is a sign of strain.
const SLOW: Duration = Duration::from_secs(5);
/// Bad replies that it takes, of a domain that is not slowed yet and of one that is.
const BAD: u32 = 5;
const BAD_AGAIN: u32 = 2;
/// Of so many replies, one is bad.
const OF: u32 = 10;
/// The rate is halved once in this time at the most: replies to what was under way say nothing new.
const COOL: i64 = 5 * SECOND;
/// Replies are held against each other for this long.
const TALLY: i64 = 30 * SECOND;
/// The lowest rate.
const FLOOR: f64 = 0.1;
/// How long good replies take to raise a rate from nothing to where it was.
const RECOVERY: i64 = 60 * SECOND;
/// A rate nobody changed for so long is of another time.
const FORGOTTEN: i64 = 3600 * SECOND;
/// Domains that are watched at once; beyond, those that are not slowed are forgotten.
const WATCHED: usize = 10_000;

/// What a server said to a mail.
#[derive(Clone, Debug)]
pub(in crate::core::publishing) struct Heard {
    /// Of its recipient.
    pub(in crate::core::publishing) domain: String,
    pub(in crate::core::publishing) code: Option<u16>,
    pub(in crate::core::publishing) took: Duration,
}

/// The lowered rate of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Adapted {
    /// Mails a second.
    pub(super) rate: f64,
    /// What it was before, and is again in the end.
    before: f64,
    /// When it was changed last.
    pub(super) changed: i64,
    /// When it was halved last.
    halved: i64,
}

/// What is known of the domains of a channel.
#[derive(Debug, Default)]
pub(super) struct Adaptation {
    domains: HashMap<String, Watched>,
    /// Those whose rate was changed and not written yet.
    unwritten: HashSet<String>,
}

#[derive(Debug, Default)]
struct Watched {
    since: i64,
    good: u32,
    bad: u32,
    adapted: Option<Adapted>,
}

impl Heard {
    fn is_bad(&self) -> bool {
        matches!(self.code, Some(421 | 450 | 451 | 452 | 454)) || self.took >= SLOW
    }
}

impl Adapted {
    pub(super) const fn ends(&self) -> i64 {
        self.changed + FORGOTTEN
    }
}

impl Adaptation {
    /// Takes in replies; says whether a domain is slowed now.
    pub(super) fn hear(&mut self, heard: &[Heard], now: i64) -> bool {
        if self.domains.is_empty() && !heard.iter().any(Heard::is_bad) {
            return false; // the rule, at no cost
        }
        for one in heard {
            let bad = one.is_bad();
            let watched = match self.domains.get_mut(&one.domain) {
                Some(watched) => watched,
                None if bad => self.domains.entry(one.domain.clone()).or_default(),
                None => continue,
            };
            if watched.hear(bad, now) {
                self.unwritten.insert(one.domain.clone());
            }
        }
        let is_of_use = |watched: &Watched| watched.adapted.is_some() || !watched.is_over(now);
        self.domains.retain(|_, watched| is_of_use(watched));
        if self.domains.len() > WATCHED {
            self.domains.retain(|_, watched| watched.adapted.is_some());
        }
        self.is_slowed()
    }

    pub(super) fn is_slowed(&self) -> bool {
        self.domains.values().any(|watched| watched.adapted.is_some())
    }

    /// The lowered rate of a domain.
    pub(super) fn of(&self, domain: &str) -> Option<Adapted> {
        self.domains.get(domain)?.adapted
    }

    /// Takes over what another process, or one before, has learnt.
    pub(super) fn learn(&mut self, domain: &str, adapted: Adapted, now: i64) {
        let known = self.of(domain).map_or(i64::MIN, |known| known.changed);
        if adapted.changed > known && adapted.ends() > now && adapted.changed <= now {
            self.domains.entry(domain.to_owned()).or_default().adapted = Some(adapted);
        }
    }

    /// The domains whose rate changed since this was last asked.
    pub(super) fn unwritten(&mut self) -> Vec<String> {
        self.unwritten.drain().collect()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.unwritten.extend(self.domains.drain().map(|(domain, _)| domain));
    }
}

impl Watched {
    fn is_over(&self, now: i64) -> bool {
        !(0..TALLY).contains(&(now - self.since))
    }

    /// Counts a reply; says whether it changed the rate.
    fn hear(&mut self, bad: bool, now: i64) -> bool {
        if self.is_over(now) {
            *self = Self { since: now, adapted: self.adapted, ..Self::default() };
        }
        if bad {
            self.bad += 1;
            return self.halve(now);
        }
        self.good += 1;
        self.raise(now)
    }

    fn halve(&mut self, now: i64) -> bool {
        let enough = if self.adapted.is_some() { BAD_AGAIN } else { BAD };
        let cooling = self.adapted.is_some_and(|one| (0..COOL).contains(&(now - one.halved)));
        if self.bad < enough || self.bad * OF < self.good + self.bad || cooling {
            return false;
        }
        let seconds = ((now - self.since) as f64 / SECOND as f64).max(1.0);
        let seen = f64::from(self.good + self.bad) / seconds;
        let (rate, before) = self.adapted.map_or((seen, seen), |one| (one.rate, one.before));
        let rate = (rate / 2.0).max(FLOOR);
        self.adapted = Some(Adapted { rate, before, changed: now, halved: now });
        (self.since, self.good, self.bad) = (now, 0, 0);
        true
    }

    fn raise(&mut self, now: i64) -> bool {
        let Some(adapted) = &mut self.adapted else { return false };
        let since = (now - adapted.changed).clamp(0, COOL);
        if since < SECOND {
            return false;
        }
        adapted.rate += adapted.before * since as f64 / RECOVERY as f64;
        adapted.changed = now;
        if adapted.rate >= adapted.before {
            self.adapted = None;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_767_225_600 * SECOND;

    fn heard(domain: &str, code: Option<u16>, count: usize) -> Vec<Heard> {
        let took = Duration::from_millis(20);
        vec![Heard { domain: domain.to_owned(), code, took }; count]
    }

    fn rate(adaptation: &Adaptation) -> Option<f64> {
        adaptation.of("slow.example").map(|one| one.rate)
    }

    #[test]
    fn a_domain_that_turns_mails_away_gets_fewer_and_then_as_many_as_before() {
        let mut all = Adaptation::default();
        assert!(!all.hear(&heard("slow.example", None, 100), NOW));
        assert!(!all.hear(&heard("slow.example", Some(451), 4), NOW), "a few are no sign");
        all.hear(&heard("slow.example", None, 75), NOW + SECOND / 2);
        assert!(all.hear(&heard("slow.example", Some(421), 21), NOW + 2 * SECOND));
        // 84 were heard in two seconds when it was halved.
        assert_eq!((rate(&all), all.of("fast.example")), (Some(21.0), None));
        assert_eq!(all.unwritten(), ["slow.example"]);
        all.hear(&heard("slow.example", Some(454), 10), NOW + 4 * SECOND);
        assert_eq!(rate(&all), Some(21.0), "those were under way");
        all.hear(&heard("slow.example", Some(454), 1), NOW + 8 * SECOND);
        assert_eq!(rate(&all), Some(10.5));

        let mut seconds = 8;
        while all.is_slowed() {
            let before = rate(&all);
            seconds += 1;
            all.hear(&heard("slow.example", None, 10), NOW + seconds * SECOND);
            assert!(rate(&all).is_none() || rate(&all) > before);
        }
        assert!((50..60).contains(&seconds), "three quarters of it in {seconds} s");
    }

    #[test]
    fn slow_replies_are_bad_ones_and_one_mailbox_is_no_domain() {
        let mut all = Adaptation::default();
        let mut slow = heard("slow.example", None, 5);
        for one in &mut slow {
            one.took = SLOW;
        }
        assert!(all.hear(&slow, NOW));
        assert_eq!(rate(&all), Some(2.5));
        for (code, count) in [(550, 50), (552, 50), (421, 4)] {
            let mut all = Adaptation::default();
            assert!(!all.hear(&heard("slow.example", Some(code), count), NOW), "{code}");
        }
        let mut many = Adaptation::default();
        many.hear(&heard("slow.example", Some(450), 1), NOW);
        many.hear(&heard("slow.example", None, 500), NOW);
        assert!(!many.hear(&heard("slow.example", Some(450), 20), NOW), "fewer than a tenth");
    }

    #[test]
    fn a_rate_never_falls_to_nothing_and_is_learnt_from_others() {
        let mut all = Adaptation::default();
        for at in 0..40 {
            all.hear(&heard("slow.example", Some(421), 5), NOW + at * 6 * SECOND);
        }
        assert_eq!(rate(&all), Some(FLOOR));
        let adapted = all.of("slow.example").unwrap();
        let mut other = Adaptation::default();
        let now = NOW + 300 * SECOND;
        other.learn("slow.example", adapted, now);
        assert_eq!(rate(&other), Some(FLOOR));
        let mut late = Adaptation::default();
        late.learn("slow.example", adapted, now + FORGOTTEN);
        assert_eq!(rate(&late), None);
    }
}
