//! HTML: one page that needs nothing else. No script, no font, no picture from elsewhere, and a
//! content policy that forbids them; the charts are inline SVG, each with its table below it.
//!
//! `report.html` is the page, escaped by minijinja; this file prepares what it shows.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::charts;
use super::words::{self, Zone};
use crate::core::analytics::{
    Bucket, DailyMetric, Failure, Report, ReportError, ReportFormat, ReportRenderer, ReportRun,
};

pub(super) struct Html;

const PAGE: &str = include_str!("report.html");

impl ReportRenderer for Html {
    fn render(&self, report: &Report) -> Result<String, ReportError> {
        page(report).map_err(|error| ReportFormat::Html.error(error))
    }
}

fn page(report: &Report) -> Result<String, minijinja::Error> {
    let zone = Zone::of(report);
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    env.add_filter("count", words::count);
    env.add_filter("signed", words::signed);
    env.add_filter("percent", words::percent);
    env.add_filter("label", |name: String| words::label(&name));
    env.add_filter("line", |text: String| words::line(&text));
    env.render_named_str(
        "report.html",
        PAGE,
        context! {
            report => Serde(report),
            timezone => zone.name(),
            generated => zone.moment(report.generated_at),
            starts => report.campaign.start_date.map(|date| date.format(words::DAY).to_string()),
            ends => report.campaign.end_date.map(|date| date.format(words::DAY).to_string()),
            budget => report.campaign.budget.as_ref().map(words::money),
            spent => report.campaign.spent.as_ref().map(words::money),
            taken => report.totals.taken(),
            sendable => report.totals.recipients.saturating_sub(report.totals.suppressed),
            duration => words::duration(report.pace.duration_seconds),
            pace => words::pace(report.pace.mails_per_second),
            step => words::step(report.timeline.bucket_seconds),
            charts => charts(report, zone),
            states => states(report),
            buckets => buckets(report, zone),
            domains => domains(report),
            failures => failures(report),
            runs => runs(report, zone),
            daily => daily(&report.daily),
        },
    )
}

/// The charts of what there is to draw; the page says it in words where there is nothing.
fn charts(report: &Report, zone: Zone) -> Value {
    let drawn = |some: bool, svg: String| some.then(|| Value::from_safe_string(svg));
    context! {
        time => drawn(
            !report.timeline.buckets.is_empty(),
            charts::over_time(&report.timeline, zone),
        ),
        states => drawn(report.totals.recipients > 0, charts::state_bars(&report.totals)),
        domains => drawn(!report.domains.is_empty(), charts::domain_bars(&report.domains)),
        failures => drawn(!report.failures.is_empty(), charts::failure_bars(&report.failures)),
    }
}

fn states(report: &Report) -> Vec<Value> {
    let row = |one: words::StateCount| {
        context! { state => one.state, count => one.count, share => one.share }
    };
    words::states(&report.totals).into_iter().map(row).collect()
}

fn buckets(report: &Report, zone: Zone) -> Vec<Value> {
    let timeline = &report.timeline;
    let row = |&Bucket { at, accepted, deferred, failed }: &Bucket| {
        context! { at => zone.instant(at, timeline.bucket_seconds), accepted, deferred, failed }
    };
    timeline.buckets.iter().map(row).collect()
}

fn domains(report: &Report) -> Vec<Value> {
    report
        .domains
        .iter()
        .map(|one| context! { rest => one.rest(), ..Value::from(Serde(one)) })
        .collect()
}

fn failures(report: &Report) -> Vec<Value> {
    let row = |one: &Failure| {
        context! {
            codes => words::codes(one.code.as_deref(), one.enhanced.as_deref()),
            temporary => one.is_temporary(),
            reply => one.reply.as_str(),
            count => one.count,
        }
    };
    report.failures.iter().map(row).collect()
}

fn runs(report: &Report, zone: Zone) -> Vec<Value> {
    let row = |run: &ReportRun| {
        context! {
            id => run.id.to_string(),
            status => run.status.as_str(),
            channel => run.channel.as_str(),
            channel_kind => run.channel_kind.as_str(),
            span => zone.span(run.started_at, run.finished_at),
        }
    };
    report.runs.iter().map(row).collect()
}

/// The daily figures as a table: a row a day, a column a metric.
fn daily(figures: &[DailyMetric]) -> Value {
    let mut metrics: Vec<&str> = figures.iter().map(|one| one.metric.as_str()).collect();
    metrics.sort_unstable();
    metrics.dedup();
    let rows: Vec<Value> = figures
        .chunk_by(|a, b| a.date == b.date)
        .map(|day| {
            let value = |metric: &&str| -> Option<i64> {
                let of = day.iter().filter(|one| one.metric == *metric).map(|one| one.value);
                of.reduce(|sum, value| sum + value)
            };
            let values: Vec<Value> = metrics.iter().map(value).map(Value::from).collect();
            context! { date => day[0].date.format(words::DAY).to_string(), values }
        })
        .collect();
    let metrics: Vec<String> = metrics.into_iter().map(str::to_owned).collect();
    context! { metrics, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::reports::sample;

    fn html(report: &Report) -> String {
        Html.render(report).unwrap()
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let page = html(&sample::spring());
        for outside in
            ["<script", "<link", "<img", "<iframe", "src=", "href=", "@import", "url(http"]
        {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    }

    #[test]
    fn every_chart_is_described_and_has_its_table() {
        let page = html(&sample::spring());
        let charts = page.matches(r#"role="img""#).count();
        assert_eq!(charts, 4);
        assert_eq!(page.matches("<details").count(), charts);
        for id in ["time", "states", "domains", "failures"] {
            assert!(page.contains(&format!(r#"<title id="{id}-title">"#)), "{id}");
            assert!(page.contains(&format!(r#"<desc id="{id}-desc">"#)), "{id}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let page = html(&sample::empty());
        for sentence in ["Nothing was sent yet.", "No recipients.", "No failures.", "No runs yet."]
        {
            assert!(page.contains(sentence), "{sentence}");
        }
        assert!(!page.contains("<details"));
    }

    #[test]
    fn outside_text_stays_text() {
        let page = html(&sample::hostile());
        assert!(page.contains("&lt;script&gt;alert("));
        for markup in ["<script", "<i>", "<b>", "\u{202e}", "<a "] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(page.contains("عرض 🌸"));
    }
}
