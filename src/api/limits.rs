//! The limits of a channel, as they travel.

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ApiError;
use crate::core::kernel::wall;
use crate::core::publishing::{
    Adaptive, DomainLimit, Limits, QuietHours, QuietZone, Rates, WarmUp,
};

/// How fast the mails of a channel may leave. Running campaigns follow a change within a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsBody {
    /// Mails in a second, evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_second: Option<u32>,
    /// Mails in any minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_minute: Option<u32>,
    /// Mails in any hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_hour: Option<u32>,
    /// Mails in any 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_day: Option<u32>,
    /// What each recipient domain may get that `domains` does not name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_domain: Option<SpansBody>,
    /// What these recipient domains may get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<DomainLimitBody>,
    /// `on` (the default): a domain that turns mails away for now gets fewer for a while; or `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "on|off")]
    pub adaptive: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUpBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHoursBody>,
}

/// How many mails may leave in each span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpansBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_second: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_hour: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_day: Option<u32>,
}

/// How many mails may leave to one recipient domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainLimitBody {
    pub domain: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_second: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_hour: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_day: Option<u32>,
}

/// How the volume of a new sender grows from day to day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarmUpBody {
    /// The first day.
    #[schema(format = Date)]
    pub starts: String,
    /// How many mails may leave on it.
    #[schema(minimum = 1)]
    pub first_day: u32,
    /// By how many percent more each day than the day before.
    #[schema(maximum = 1000)]
    pub daily_growth: u16,
    /// Whose days count; those of UTC unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// When nothing is sent; it may go over midnight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHoursBody {
    /// As in `22:00`.
    #[schema(pattern = "^[0-9]{2}:[0-9]{2}$")]
    pub from: String,
    /// As in `07:00`.
    #[schema(pattern = "^[0-9]{2}:[0-9]{2}$")]
    pub to: String,
    /// Whose clocks count: an IANA name, or `contact` for each contact's own.
    pub timezone: String,
}

impl SpansBody {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl LimitsBody {
    /// Whether it says no more than what holds anyway.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl TryFrom<LimitsBody> for Limits {
    type Error = ApiError;

    fn try_from(body: LimitsBody) -> Result<Self, ApiError> {
        let LimitsBody { per_second, per_minute, per_hour, per_day, .. } = body;
        let adaptive = match body.adaptive.as_deref() {
            None | Some("on") => Adaptive::On,
            Some("off") => Adaptive::Off,
            Some(other) => {
                return Err(invalid(&format!("limits.adaptive `{other}` is none of on, off")));
            }
        };
        let domain = |one: DomainLimitBody| {
            let DomainLimitBody { domain, per_second, per_minute, per_hour, per_day } = one;
            DomainLimit { domain, rates: Rates { per_second, per_minute, per_hour, per_day } }
        };
        Ok(Self {
            rates: Rates { per_second, per_minute, per_hour, per_day },
            per_domain: body.per_domain.unwrap_or_default().into(),
            domains: body.domains.into_iter().map(domain).collect(),
            adaptive,
            warm_up: body.warm_up.map(TryInto::try_into).transpose()?,
            quiet_hours: body.quiet_hours.map(TryInto::try_into).transpose()?,
        })
    }
}

impl TryFrom<WarmUpBody> for WarmUp {
    type Error = ApiError;

    fn try_from(body: WarmUpBody) -> Result<Self, ApiError> {
        let WarmUpBody { starts, first_day, daily_growth, timezone } = body;
        let day = starts.parse::<NaiveDate>();
        let starts = day.map_err(|_| {
            invalid(&format!("limits.warm_up.starts `{starts}` is no date as 2026-12-01"))
        })?;
        let timezone = timezone.map(|zone| wall::zone(&zone)).transpose();
        let timezone = timezone.map_err(|error| invalid(&error.to_string()))?;
        Ok(Self { starts, first_day, daily_growth, timezone })
    }
}

impl TryFrom<QuietHoursBody> for QuietHours {
    type Error = ApiError;

    fn try_from(body: QuietHoursBody) -> Result<Self, ApiError> {
        let time = |text: &str| {
            NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| {
                invalid(&format!("limits.quiet_hours: `{text}` is no time of day as 22:00"))
            })
        };
        let timezone: Result<QuietZone, _> = body.timezone.parse();
        Ok(Self {
            from: time(&body.from)?,
            to: time(&body.to)?,
            timezone: timezone.map_err(|error| invalid(&error.to_string()))?,
        })
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::invalid("INVALID_CHANNEL", message)
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
        let Rates { per_second, per_minute, per_hour, per_day } = limits.rates;
        let domain = |DomainLimit { domain, rates }| {
            let Rates { per_second, per_minute, per_hour, per_day } = rates;
            DomainLimitBody { domain, per_second, per_minute, per_hour, per_day }
        };
        let off = limits.adaptive == Adaptive::Off;
        Self {
            per_second,
            per_minute,
            per_hour,
            per_day,
            per_domain: Some(limits.per_domain.into())
                .filter(|rates: &SpansBody| !rates.is_empty()),
            domains: limits.domains.into_iter().map(domain).collect(),
            adaptive: off.then(|| "off".to_owned()),
            warm_up: limits.warm_up.map(|plan| WarmUpBody {
                starts: plan.starts.to_string(),
                first_day: plan.first_day,
                daily_growth: plan.daily_growth,
                timezone: plan.timezone.map(|zone| zone.name().to_owned()),
            }),
            quiet_hours: limits.quiet_hours.map(|quiet| QuietHoursBody {
                from: quiet.from.format("%H:%M").to_string(),
                to: quiet.to.format("%H:%M").to_string(),
                timezone: quiet.timezone.name().to_owned(),
            }),
        }
    }
}

impl From<SpansBody> for Rates {
    fn from(body: SpansBody) -> Self {
        let SpansBody { per_second, per_minute, per_hour, per_day } = body;
        Self { per_second, per_minute, per_hour, per_day }
    }
}

impl From<Rates> for SpansBody {
    fn from(rates: Rates) -> Self {
        let Rates { per_second, per_minute, per_hour, per_day } = rates;
        Self { per_second, per_minute, per_hour, per_day }
    }
}
