//! What a channel says about its limits.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::core::kernel::fold_address;

/// How many mails may leave in each span of time; what is absent has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
}

/// The limits of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// All its mails together.
    #[serde(flatten)]
    pub rates: Rates,
    /// The mails to each domain that [`Limits::domains`] does not name.
    #[serde(default, skip_serializing_if = "Rates::is_empty")]
    pub per_domain: Rates,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<DomainLimit>,
    /// Whether a domain that turns mails away for now gets fewer for a while.
    #[serde(default, skip_serializing_if = "Adaptive::is_on")]
    pub adaptive: Adaptive,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
}

/// The limits of the mails to one domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainLimit {
    pub domain: String,
    #[serde(flatten)]
    pub rates: Rates,
}

/// On, unless a channel says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adaptive {
    #[default]
    On,
    Off,
}

/// How a new sender's volume grows from day to day, so that mail servers come to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmUp {
    /// The first day.
    pub starts: NaiveDate,
    /// How many mails may leave on it.
    pub first_day: u32,
    /// By how many percent more each day than the day before.
    pub daily_growth: u16,
    /// Whose days count; those of UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Tz>,
}

/// A time of day in which nothing is sent; it may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    #[serde(with = "minutes")]
    pub from: NaiveTime,
    #[serde(with = "minutes")]
    pub to: NaiveTime,
    pub timezone: QuietZone,
}

/// Whose clocks quiet hours go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuietZone {
    /// Each contact's own; UTC's for those whose zone is not known.
    Contact,
    Zone(Tz),
}

impl Rates {
    /// The spans of time, with the word each is told with.
    pub fn spans(&self) -> [(&'static str, Option<u32>); 4] {
        [
            ("second", self.per_second),
            ("minute", self.per_minute),
            ("hour", self.per_hour),
            ("day", self.per_day),
        ]
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Adaptive {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_on(&self) -> bool {
        *self == Self::On
    }
}

impl Limits {
    /// Whether it says no more than what holds anyway.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What the mails to `domain`, folded, are held to.
    pub(super) fn of_domain(&self, domain: &str) -> Rates {
        let named = self.domains.iter().find(|one| fold_domain(&one.domain) == domain);
        named.map_or(self.per_domain, |one| one.rates)
    }

    /// Whether all its mails together have a limit.
    pub(super) fn is_limited(&self) -> bool {
        !self.rates.is_empty() || self.warm_up.is_some()
    }

    /// Whether there is a limit by domain.
    pub(super) fn has_domains(&self) -> bool {
        !self.per_domain.is_empty() || !self.domains.is_empty()
    }
}

impl QuietZone {
    /// How [`QuietZone::Contact`] is written.
    pub const CONTACT: &'static str = "contact";

    pub fn name(self) -> &'static str {
        match self {
            Self::Contact => Self::CONTACT,
            Self::Zone(zone) => zone.name(),
        }
    }
}

impl std::str::FromStr for QuietZone {
    type Err = crate::core::kernel::wall::BadZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == Self::CONTACT {
            return Ok(Self::Contact);
        }
        crate::core::kernel::wall::zone(text).map(Self::Zone)
    }
}

impl Serialize for QuietZone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for QuietZone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The form in which domains are compared.
pub(super) fn fold_domain(domain: &str) -> String {
    let folded = fold_address(&format!("x@{}", domain.trim()));
    folded.get(2..).unwrap_or_default().to_owned()
}

/// A time of day to the minute, as in `22:00`.
pub(super) mod minutes {
    use chrono::NaiveTime;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) const FORM: &str = "%H:%M";

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(
        time: &NaiveTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&time.format(FORM))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveTime::parse_from_str(&text, FORM).map_err(de::Error::custom)
    }
}
