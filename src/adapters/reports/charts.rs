//! Charts: SVG by hand, for a page that may be 360 pixels wide or a sheet of paper.
//!
//! Lengths along the bars are percentages and the rest is pixels, so a chart stretches while its
//! text keeps its size; there is no `viewBox` to shrink it. Colours and patterns are the page's
//! (the classes of the series, in `report.html`), so that dark mode and print need no second
//! chart. **Invariants:** every mark carries its figure in `data-count`, and the marks of a series
//! add up to the data; text from outside is escaped.

use std::fmt::Write;

use super::words::{Zone, codes, count, label, line, percent, states};
use crate::core::analytics::{Bucket, DomainFigures, Failure, Timeline, Totals};

/// Space between the panes over time, in pixels.
const GAP: f64 = 16.0;
/// Width of a column over time at the most, in pixels.
const COLUMN: u32 = 40;
/// Height of a bar that lies, in pixels.
const BAR: u32 = 10;
/// Width of the column of shares, in pixels.
const SHARE: i32 = 58;
/// Time labels at the most: what a phone has room for.
const TICKS: usize = 4;

/// Accepted mails as columns, one a bucket; what was deferred or failed in panes of their own scale
/// below, where there was any: beside the accepted they would be too few to see.
pub(super) fn over_time(timeline: &Timeline, zone: Zone) -> String {
    let buckets = &timeline.buckets;
    let panes = [
        Pane { series: "accepted", height: 180.0, lines: 5, value: |bucket| bucket.accepted },
        Pane { series: "deferred", height: 44.0, lines: 1, value: |bucket| bucket.deferred },
        Pane { series: "failed", height: 44.0, lines: 1, value: |bucket| bucket.failed },
    ];
    let mut marks = String::new();
    let mut y = 0.0;
    for pane in panes {
        let total: u64 = buckets.iter().map(pane.value).sum();
        if total > 0 || pane.series == "accepted" {
            let start = if y > 0.0 { y + GAP } else { 0.0 };
            y = pane.draw(&mut marks, timeline, zone, start, total);
        }
    }
    for at in ticks(timeline, zone) {
        let x = at as f64 * 100.0 / buckets.len() as f64;
        let anchor = if x > 85.0 { "end" } else { "start" };
        let text = zone.tick(buckets[at].at, timeline.bucket_seconds);
        let (end, below) = (y + 5.0, y + 20.0);
        let _ = write!(
            marks,
            r#"<line class="base" x1="{x:.3}%" x2="{x:.3}%" y1="{y}" y2="{end}"/><text class="axis" x="{x:.3}%" y="{below}" text-anchor="{anchor}">{text}</text>"#,
        );
    }
    let settled: u64 = buckets.iter().map(Bucket::total).sum();
    let moment =
        |bucket: Option<&Bucket>| bucket.map_or_else(String::new, |one| zone.moment(one.at));
    let description = format!(
        "Columns of {} settled deliveries in {} steps, from {} to {}.",
        count(settled),
        buckets.len(),
        moment(buckets.first()),
        moment(buckets.last()),
    );
    svg("time", "plot", y + 26.0, "Delivery over time", &description, &marks)
}

/// One series over time, with its own scale.
struct Pane {
    series: &'static str,
    /// Of its columns, in pixels.
    height: f64,
    /// Grid lines over the base at the most.
    lines: u64,
    value: fn(&Bucket) -> u64,
}

impl Pane {
    /// Draws the pane from `y` down, and returns where it ends.
    fn draw(&self, marks: &mut String, timeline: &Timeline, zone: Zone, y: f64, total: u64) -> f64 {
        let (buckets, series) = (&timeline.buckets, self.series);
        let (name, total, title) = (label(series), count(total), y + 13.0);
        let _ = write!(
            marks,
            r#"<text x="0" y="{title}">{name}</text><text class="figure" x="100%" y="{title}" text-anchor="end">{total}</text>"#
        );
        let base = y + 26.0 + self.height;
        let most = buckets.iter().map(self.value).max().unwrap_or_default().max(1);
        let step = axis_step(most, self.lines);
        let top = most.div_ceil(step).saturating_mul(step);
        let height = |value: u64| self.height * value as f64 / top as f64;
        for value in (0..=top / step).map(|line| line * step) {
            let (at, text) = (base - height(value), axis_number(value));
            let class = if value == 0 { "base" } else { "grid" };
            let _ = write!(
                marks,
                r#"<line class="{class}" x1="0" x2="100%" y1="{at:.1}" y2="{at:.1}"/><text class="axis" x="-8" y="{at:.1}" dy="4" text-anchor="end">{text}</text>"#
            );
        }
        let pitch = 100.0 / buckets.len().max(1) as f64;
        for (at, bucket) in buckets.iter().enumerate() {
            let value = (self.value)(bucket);
            if value == 0 {
                continue;
            }
            let (left, width, high) = (at as f64 * pitch, pitch * 0.86, height(value).max(1.0));
            let (top, when) = (base - high, zone.instant(bucket.at, timeline.bucket_seconds));
            let hint = format!("{when}: {} {series}", count(value));
            let _ = write!(
                marks,
                r#"<rect class="mark {series}" data-series="{series}" data-count="{value}" x="{left:.3}%" y="{top:.2}" style="width:min({width:.3}%,{COLUMN}px)" height="{high:.2}"><title>{hint}</title></rect>"#,
            );
        }
        base
    }
}

/// One bar for each state, of all recipients.
pub(super) fn state_bars(totals: &Totals) -> String {
    let rows: Vec<Row> = states(totals)
        .into_iter()
        .map(|one| Row {
            name: label(one.state),
            aside: None,
            figure: count(one.count),
            share: Some(percent(one.share)),
            parts: vec![(one.state, one.count)],
        })
        .collect();
    let description = format!("Bars of {} recipients by state.", count(totals.recipients));
    bars("states", "States", &description, &rows, totals.recipients)
}

/// One stacked bar for each recipient domain, on one scale.
pub(super) fn domain_bars(domains: &[DomainFigures]) -> String {
    let rows: Vec<Row> = domains
        .iter()
        .map(|one| Row {
            name: short(&one.domain, 32),
            aside: None,
            figure: count(one.recipients),
            share: None,
            parts: vec![
                ("accepted", one.accepted),
                ("deferred", one.deferred),
                ("failed", one.failed),
                ("suppressed", one.suppressed),
                ("rest", one.rest()),
            ],
        })
        .collect();
    let most = domains.iter().map(|one| one.recipients).max().unwrap_or_default();
    let description =
        format!("Stacked bars of the recipients of {} domains, by state.", domains.len());
    bars("domains", "Recipient domains", &description, &rows, most)
}

/// One bar for each reply, hatched where the server may be tried again.
pub(super) fn failure_bars(failures: &[Failure]) -> String {
    let rows: Vec<Row> = failures
        .iter()
        .map(|one| {
            let (kind, series) = if one.is_temporary() {
                ("temporary", "deferred")
            } else {
                ("permanent", "failed")
            };
            let code = codes(one.code.as_deref(), one.enhanced.as_deref());
            Row {
                name: format!("{} · {kind}", short(&code, 20)),
                aside: Some(short(&one.reply, 46)),
                figure: count(one.count),
                share: None,
                parts: vec![(series, one.count)],
            }
        })
        .collect();
    let most = failures.iter().map(|one| one.count).max().unwrap_or_default();
    let description = format!("Bars of how often each of {} replies came.", failures.len());
    bars("failures", "Failures by code", &description, &rows, most)
}

/// A line of text over a bar.
struct Row {
    name: String,
    /// A second, quieter line.
    aside: Option<String>,
    figure: String,
    /// What share of the whole that is, in a column of its own.
    share: Option<String>,
    /// Series and their figures, from the left.
    parts: Vec<(&'static str, u64)>,
}

fn bars(id: &str, title: &str, description: &str, rows: &[Row], whole: u64) -> String {
    let mut marks = String::new();
    let mut y = 0;
    for row in rows {
        let (name, figure, at) = (escape(&row.name), escape(&row.figure), y + 13);
        let aside = if row.share.is_some() { -SHARE } else { 0 };
        let _ = write!(
            marks,
            r#"<text x="0" y="{at}">{name}</text><text class="figure" x="100%" dx="{aside}" y="{at}" text-anchor="end">{figure}</text>"#,
        );
        if let Some(share) = row.share.as_deref().map(escape) {
            let _ = write!(
                marks,
                r#"<text class="share" x="100%" y="{at}" text-anchor="end">{share}</text>"#,
            );
        }
        if let Some(aside) = &row.aside {
            y += 17;
            let (aside, at) = (escape(aside), y + 13);
            let _ = write!(marks, r#"<text class="aside" x="0" y="{at}">{aside}</text>"#);
        }
        y += 19;
        let _ = write!(
            marks,
            r#"<rect class="track" x="0" y="{y}" width="100%" height="{BAR}" rx="2"/>"#
        );
        let mut left = 0.0;
        for (series, value) in row.parts.iter().filter(|(_, value)| *value > 0) {
            let share = 100.0 * *value as f64 / whole.max(1) as f64;
            // A bar of its own is never too thin to see; in a stack that would move the others.
            let width = match row.parts.len() {
                1 => format!(r#"style="width:max(3px,{share:.3}%)""#),
                _ => format!(r#"width="{share:.3}%""#),
            };
            let (what, value_text) = (label(series), count(*value));
            let _ = write!(
                marks,
                r#"<rect class="mark {series}" data-series="{series}" data-count="{value}" x="{left:.3}%" y="{y}" {width} height="{BAR}"><title>{name}: {value_text} {what}</title></rect>"#,
            );
            left += share;
        }
        y += BAR + 13;
    }
    svg(id, "bars", f64::from(y.saturating_sub(13)), title, description, &marks)
}

fn svg(id: &str, class: &str, height: f64, title: &str, description: &str, marks: &str) -> String {
    let description = escape(description);
    format!(
        r#"<svg class="{class}" width="100%" height="{height}" role="img" aria-labelledby="{id}-title {id}-desc"><title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>{marks}</svg>"#
    )
}

/// The distance of the grid lines up to `most`: 1, 2 or 5 times a power of ten, and at most `lines`
/// of them.
fn axis_step(most: u64, lines: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5].map(|digit| power.saturating_mul(digit)) {
            if most.div_ceil(step) <= lines {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A number on the axis, short enough for its margin: `1,500`, `25k`, `1.5M`.
fn axis_number(value: u64) -> String {
    let short = |unit: u64, letter: char| {
        let tenths = value / (unit / 10);
        match tenths % 10 {
            0 => format!("{}{letter}", count(tenths / 10)),
            tenth => format!("{}.{tenth}{letter}", count(tenths / 10)),
        }
    };
    match value {
        0..10_000 => count(value),
        10_000..1_000_000 => short(1000, 'k'),
        _ => short(1_000_000, 'M'),
    }
}

/// The buckets that get a time: at round local times, or evenly where there are none.
fn ticks(timeline: &Timeline, zone: Zone) -> Vec<usize> {
    const ROUND: [u64; 15] =
        [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let buckets = &timeline.buckets;
    for step in ROUND.into_iter().filter(|step| step.is_multiple_of(timeline.bucket_seconds)) {
        let round: Vec<usize> = (0..buckets.len())
            .filter(|at| u64::from(zone.second_of_day(buckets[*at].at)).is_multiple_of(step))
            .collect();
        if (2..=TICKS).contains(&round.len()) {
            return round;
        }
    }
    (0..buckets.len()).step_by(buckets.len().div_ceil(TICKS).max(1)).collect()
}

/// At most `letters` of outside text, on one line.
fn short(text: &str, letters: usize) -> String {
    let text = line(text);
    if text.chars().count() <= letters {
        return text;
    }
    let kept: String = text.chars().take(letters - 1).collect();
    kept.trim_end().to_owned() + "…"
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::reports::sample;

    /// The sum of the marks of a series.
    fn sum(svg: &str, series: &str) -> u64 {
        svg.split(&format!(r#"data-series="{series}" data-count=""#))
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    #[test]
    fn the_marks_add_up_to_the_data() {
        let report = sample::spring();
        let (totals, zone) = (report.totals, Zone::of(&report));

        let time = over_time(&report.timeline, zone);
        assert_eq!(sum(&time, "accepted"), totals.taken());
        assert_eq!(sum(&time, "deferred"), totals.deferred);
        assert_eq!(sum(&time, "failed"), totals.failed);

        let states = state_bars(&totals);
        let drawn = ["accepted", "deferred", "failed", "bounced", "complained", "suppressed"];
        assert_eq!(drawn.map(|state| sum(&states, state)).iter().sum::<u64>(), totals.recipients);

        let domains = domain_bars(&report.domains);
        let drawn = ["accepted", "deferred", "failed", "suppressed", "rest"];
        assert_eq!(drawn.map(|part| sum(&domains, part)).iter().sum::<u64>(), totals.recipients);

        let failures = failure_bars(&report.failures);
        let counted: u64 = report.failures.iter().map(|one| one.count).sum();
        assert_eq!(sum(&failures, "failed") + sum(&failures, "deferred"), counted);
    }

    #[test]
    fn axes_have_few_lines_at_round_numbers() {
        for (most, lines, step) in [
            (1, 5, 1),
            (7, 5, 2),
            (640, 5, 200),
            (1001, 5, 500),
            (23, 1, 50),
            (u64::MAX, 5, 5_000_000_000_000_000_000),
        ] {
            assert_eq!(axis_step(most, lines), step, "{most}");
        }
        assert_eq!([1500, 25_000, 1_500_000].map(axis_number), ["1,500", "25k", "1.5M"]);
    }

    #[test]
    fn times_on_the_axis_are_round_and_few() {
        let report = sample::spring();
        let zone = Zone::of(&report);
        let timeline = &report.timeline;
        let times: Vec<String> = ticks(timeline, zone)
            .into_iter()
            .map(|at| zone.tick(timeline.buckets[at].at, timeline.bucket_seconds))
            .collect();
        assert_eq!(times, ["09:00:00", "09:01:00", "09:02:00"]);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let report = sample::empty();
        let chart = over_time(&report.timeline, Zone::of(&report));
        assert!(!chart.contains("data-count") && !chart.contains("NaN"));
    }
}
