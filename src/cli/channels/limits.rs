//! The limits of a channel on the command line.

use std::io::{self, Write};

use clap::{Args, ValueEnum};

use crate::api::{DomainLimitBody, LimitsBody, QuietHoursBody, SpansBody, WarmUpBody};
use crate::cli::error::CommandError;

const HEADING: &str = "Limits";
/// What takes a limit away.
const NONE: &str = "none";

/// How fast mails may leave.
#[derive(Args, Debug)]
#[command(next_help_heading = HEADING)]
pub(super) struct LimitArgs {
    /// Mails in a second, evenly; 0 for no limit
    #[arg(long, value_name = "N")]
    per_second: Option<u32>,
    /// Mails in any minute; 0 for no limit
    #[arg(long, value_name = "N")]
    per_minute: Option<u32>,
    /// Mails in any hour; 0 for no limit
    #[arg(long, value_name = "N")]
    per_hour: Option<u32>,
    /// Mails in any 24 hours; 0 for no limit
    #[arg(long, value_name = "N")]
    per_day: Option<u32>,
    /// To a domain, as gmail.com=600/minute; `*` is each other; `=none` ends it
    #[arg(long, value_name = "DOMAIN=N/SPAN", value_parser = domain_limit)]
    domain_limit: Vec<DomainArg>,
    /// Whether domains that turn mails away for now get fewer [default: on]
    #[arg(long, value_enum, value_name = "ON|OFF")]
    adaptive: Option<Switch>,
    /// First day, its mails, daily growth: 2026-12-01,200,50%; `none` ends it
    #[arg(long, value_name = "DATE,N,PERCENT", value_parser = warm_up)]
    warm_up: Option<Given<WarmUpBody>>,
    /// Whose days the warm-up goes by [default: UTC]
    #[arg(long, value_name = "ZONE")]
    warm_up_zone: Option<String>,
    /// When nothing is sent, as 22:00-07:00; `none` ends it
    #[arg(long, value_name = "FROM-TO", value_parser = quiet_hours)]
    quiet_hours: Option<Given<(String, String)>>,
    /// Whose clocks quiet hours go by: a zone, or `contact` [default: UTC]
    #[arg(long, value_name = "ZONE")]
    quiet_zone: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// A value, or that there shall be none.
#[derive(Clone, Debug)]
enum Given<T> {
    Some(T),
    None,
}

/// A limit of a domain; without one, it has none any more.
#[derive(Clone, Debug)]
struct DomainArg {
    domain: String,
    limit: Option<(u32, Span)>,
}

#[derive(Clone, Copy, Debug)]
enum Span {
    Second,
    Minute,
    Hour,
    Day,
}

fn domain_limit(text: &str) -> Result<DomainArg, String> {
    let form = "write it as gmail.com=600/minute";
    let (domain, limit) = text.split_once('=').ok_or(form)?;
    let domain = domain.trim().to_owned();
    if limit == NONE {
        return Ok(DomainArg { domain, limit: None });
    }
    let (count, span) = limit.split_once('/').ok_or(form)?;
    let count = count.trim().parse().map_err(|_| format!("`{count}` is no number; {form}"))?;
    let span = match span.trim() {
        "second" => Span::Second,
        "minute" => Span::Minute,
        "hour" => Span::Hour,
        "day" => Span::Day,
        other => return Err(format!("`{other}` is none of second, minute, hour, day")),
    };
    Ok(DomainArg { domain, limit: Some((count, span)) })
}

fn warm_up(text: &str) -> Result<Given<WarmUpBody>, String> {
    if text == NONE {
        return Ok(Given::None);
    }
    let form = "write it as 2026-12-01,200,50%";
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let [starts, first_day, growth] = parts.as_slice() else { return Err(form.to_owned()) };
    let growth = growth.strip_suffix('%').unwrap_or(growth);
    Ok(Given::Some(WarmUpBody {
        starts: (*starts).to_owned(),
        first_day: first_day.parse().map_err(|_| form)?,
        daily_growth: growth.parse().map_err(|_| form)?,
        timezone: None,
    }))
}

fn quiet_hours(text: &str) -> Result<Given<(String, String)>, String> {
    if text == NONE {
        return Ok(Given::None);
    }
    let (from, to) = text.split_once('-').ok_or("write it as 22:00-07:00")?;
    Ok(Given::Some((from.trim().to_owned(), to.trim().to_owned())))
}

impl LimitArgs {
    /// Puts what was given into `limits`; the rest stays.
    pub(super) fn apply(self, limits: &mut LimitsBody) -> Result<(), CommandError> {
        let put = |limit: &mut Option<u32>, given: Option<u32>| {
            if let Some(given) = given {
                *limit = (given > 0).then_some(given);
            }
        };
        put(&mut limits.per_second, self.per_second);
        put(&mut limits.per_minute, self.per_minute);
        put(&mut limits.per_hour, self.per_hour);
        put(&mut limits.per_day, self.per_day);
        for one in self.domain_limit {
            one.apply(limits);
        }
        match self.adaptive {
            Some(Switch::On) => limits.adaptive = None,
            Some(Switch::Off) => limits.adaptive = Some("off".to_owned()),
            None => {}
        }
        match self.warm_up {
            Some(Given::None) => limits.warm_up = None,
            Some(Given::Some(plan)) => {
                let timezone = limits.warm_up.take().and_then(|plan| plan.timezone);
                limits.warm_up = Some(WarmUpBody { timezone, ..plan });
            }
            None => {}
        }
        if let Some(zone) = self.warm_up_zone {
            let plan = limits.warm_up.as_mut();
            let plan = plan.ok_or_else(|| CommandError::usage("--warm-up-zone needs --warm-up"))?;
            plan.timezone = Some(zone);
        }
        match self.quiet_hours {
            Some(Given::None) => limits.quiet_hours = None,
            Some(Given::Some((from, to))) => {
                let zone = limits.quiet_hours.take().map(|quiet| quiet.timezone);
                let timezone = zone.unwrap_or_else(|| "UTC".to_owned());
                limits.quiet_hours = Some(QuietHoursBody { from, to, timezone });
            }
            None => {}
        }
        if let Some(zone) = self.quiet_zone {
            let quiet = limits.quiet_hours.as_mut();
            let quiet =
                quiet.ok_or_else(|| CommandError::usage("--quiet-zone needs --quiet-hours"))?;
            quiet.timezone = zone;
        }
        Ok(())
    }
}

impl DomainArg {
    fn apply(self, limits: &mut LimitsBody) {
        let Self { domain, limit } = self;
        if domain == "*" {
            let mut rates = limits.per_domain.take().unwrap_or_default();
            match limit {
                Some((count, Span::Second)) => rates.per_second = Some(count),
                Some((count, Span::Minute)) => rates.per_minute = Some(count),
                Some((count, Span::Hour)) => rates.per_hour = Some(count),
                Some((count, Span::Day)) => rates.per_day = Some(count),
                None => rates = SpansBody::default(),
            }
            limits.per_domain = Some(rates);
            return;
        }
        let at = limits.domains.iter().position(|one| one.domain.eq_ignore_ascii_case(&domain));
        let Some((count, span)) = limit else {
            limits.domains.retain(|one| !one.domain.eq_ignore_ascii_case(&domain));
            return;
        };
        let mut new = DomainLimitBody { domain, ..DomainLimitBody::default() };
        let one = match at {
            Some(at) => &mut limits.domains[at],
            None => &mut new,
        };
        match span {
            Span::Second => one.per_second = Some(count),
            Span::Minute => one.per_minute = Some(count),
            Span::Hour => one.per_hour = Some(count),
            Span::Day => one.per_day = Some(count),
        }
        if at.is_none() {
            limits.domains.push(new);
        }
    }
}

/// A line for each limit.
pub(super) fn describe(limits: &LimitsBody, out: &mut dyn Write) -> io::Result<()> {
    let rates = |rates: [(&str, Option<u32>); 4]| {
        let given =
            rates.into_iter().filter_map(|(span, limit)| Some(format!("{}/{span}", limit?)));
        given.collect::<Vec<_>>().join(", ")
    };
    let spans = |second, minute, hour, day| {
        rates([("second", second), ("minute", minute), ("hour", hour), ("day", day)])
    };
    let all = spans(limits.per_second, limits.per_minute, limits.per_hour, limits.per_day);
    if !all.is_empty() {
        writeln!(out, "limit        {all}")?;
    }
    for one in &limits.domains {
        let limit = spans(one.per_second, one.per_minute, one.per_hour, one.per_day);
        writeln!(out, "  {:<10} {limit}", one.domain)?;
    }
    if let Some(one) = &limits.per_domain {
        let limit = spans(one.per_second, one.per_minute, one.per_hour, one.per_day);
        writeln!(out, "  a domain   {limit}")?;
    }
    if limits.adaptive.as_deref() == Some("off") {
        writeln!(out, "adaptive     off")?;
    }
    if let Some(plan) = &limits.warm_up {
        let zone = plan.timezone.as_deref().unwrap_or("UTC");
        let WarmUpBody { starts, first_day, daily_growth, .. } = plan;
        writeln!(
            out,
            "warm-up      {first_day} on {starts}, {daily_growth} % more each day ({zone})"
        )?;
    }
    if let Some(quiet) = &limits.quiet_hours {
        let whose = match quiet.timezone.as_str() {
            "contact" => "each contact's clock",
            zone => zone,
        };
        writeln!(out, "quiet hours  {} to {} ({whose})", quiet.from, quiet.to)?;
    }
    Ok(())
}
