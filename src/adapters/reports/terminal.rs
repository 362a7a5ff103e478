//! Terminal: plain text, 80 columns wide, with small bars. No colours: what it says it says in
//! characters, so it survives a pipe, a log and a mail.

use std::fmt::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::words::{
    self, DAY, Zone, codes, count, duration, label, line, money, pace, percent, states,
};
use crate::core::analytics::{Bucket, Report, ReportError, ReportFormat, ReportRenderer};

pub(super) struct Terminal;

impl ReportRenderer for Terminal {
    fn render(&self, report: &Report) -> Result<String, ReportError> {
        let mut out = String::new();
        write(&mut out, report).map_err(|error| ReportFormat::Terminal.error(error))?;
        Ok(out)
    }
}

/// Columns of the page.
const WIDTH: usize = 80;
/// Columns of a bar.
const BAR: usize = 32;
/// Columns of what a bar is labelled with.
const LABEL: usize = 26;
/// Rows of the chart over time.
const HEIGHT: u64 = 5;

fn write(out: &mut String, report: &Report) -> fmt::Result {
    header(out, report)?;
    figures(out, report)?;
    over_time(out, report)?;
    domains(out, report)?;
    failures(out, report)?;
    daily(out, report)?;
    runs(out, report)?;
    let zone = Zone::of(report);
    writeln!(out, "\nMade {}. Times are in {}.", zone.moment(report.generated_at), zone.name())
}

fn header(out: &mut String, report: &Report) -> fmt::Result {
    let campaign = &report.campaign;
    writeln!(out, "{}", cut(&line(&campaign.name), WIDTH))?;
    writeln!(out, "{}", "═".repeat(WIDTH))?;
    let mut facts = vec![
        label(&campaign.status),
        format!("{} campaign", label(&campaign.kind)),
        format!("workspace {}", report.workspace),
    ];
    facts.extend(campaign.start_date.map(|date| format!("starts {}", date.format(DAY))));
    facts.extend(campaign.end_date.map(|date| format!("ends {}", date.format(DAY))));
    facts.extend(campaign.budget.as_ref().map(|amount| format!("budget {}", money(amount))));
    facts.extend(campaign.spent.as_ref().map(|amount| format!("spent {}", money(amount))));
    if !campaign.labels.is_empty() {
        facts.push(format!("labels {}", campaign.labels.join(", ")));
    }
    wrapped(out, &facts.join(" · "), "")?;
    for note in &report.notes {
        wrapped(out, note, "! ")?;
    }
    Ok(())
}

fn figures(out: &mut String, report: &Report) -> fmt::Result {
    let (totals, rates) = (&report.totals, &report.rates);
    heading(out, "Figures")?;
    let cells = [
        ("Recipients", count(totals.recipients)),
        ("Accepted rate", percent(rates.accepted)),
        ("Taken by servers", count(totals.taken())),
        ("Failure rate", percent(rates.failed)),
        ("Working time", duration(report.pace.duration_seconds)),
        ("Bounce rate", percent(rates.bounced)),
        ("Average speed", pace(report.pace.mails_per_second)),
        ("Complaint rate", percent(rates.complained)),
    ];
    for pair in cells.chunks(2) {
        let columns: Vec<String> =
            pair.iter().map(|(name, value)| format!("{name:<18}{value:>14}")).collect();
        writeln!(out, "  {}", columns.join("        "))?;
    }
    heading(out, "States")?;
    for one in states(totals) {
        bar(out, &label(one.state), one.count, totals.recipients, &percent(one.share))?;
    }
    Ok(())
}

/// Accepted mails as columns of eighths; what was deferred or failed below, where there was any.
fn over_time(out: &mut String, report: &Report) -> fmt::Result {
    let (timeline, zone) = (&report.timeline, Zone::of(report));
    heading(out, "Delivery over time")?;
    let (Some(first), Some(last)) = (timeline.buckets.first(), timeline.buckets.last()) else {
        return writeln!(out, "  Nothing was sent yet.");
    };
    writeln!(out, "  Accepted every {}", words::step(timeline.bucket_seconds))?;
    let most = timeline.buckets.iter().map(|bucket| bucket.accepted).max().unwrap_or_default();
    for row in (0..HEIGHT).rev() {
        let axis = match row {
            0 => "0".to_owned(),
            _ if row == HEIGHT - 1 => count(most),
            _ => String::new(),
        };
        let columns: String = timeline
            .buckets
            .iter()
            .map(|bucket| {
                let eighths = scaled(bucket.accepted, most, HEIGHT * 8);
                rising(eighths.saturating_sub(row * 8))
            })
            .collect();
        writeln!(out, "{}", format!("{axis:>11} │{columns}").trim_end())?;
    }
    strip(out, "deferred", &timeline.buckets, |bucket| bucket.deferred)?;
    strip(out, "failed", &timeline.buckets, |bucket| bucket.failed)?;
    let times = [first, last].map(|bucket| zone.tick(bucket.at, timeline.bucket_seconds));
    let gap = timeline.buckets.len().saturating_sub(times[1].len()).max(times[0].len() + 2);
    if timeline.buckets.len() == 1 {
        return writeln!(out, "             {}", times[0]);
    }
    writeln!(out, "             {:<gap$}{}", times[0], times[1])
}

fn strip(
    out: &mut String,
    name: &str,
    buckets: &[Bucket],
    value: impl Fn(&Bucket) -> u64,
) -> fmt::Result {
    let most = buckets.iter().map(&value).max().unwrap_or_default();
    if most == 0 {
        return Ok(());
    }
    let columns: String =
        buckets.iter().map(|bucket| rising(scaled(value(bucket), most, 8))).collect();
    writeln!(out, "{}", format!("{name:>11} │{columns}").trim_end())
}

fn domains(out: &mut String, report: &Report) -> fmt::Result {
    heading(out, "Recipient domains")?;
    if report.domains.is_empty() {
        return writeln!(out, "  No recipients.");
    }
    let titles = ["Recipients", "Accepted", "Deferred", "Failed", "Suppressed"];
    domain_row(out, "Domain", &titles.map(str::to_owned))?;
    for one in &report.domains {
        let figures = [one.recipients, one.accepted, one.deferred, one.failed, one.suppressed];
        domain_row(out, &one.domain, &figures.map(count))?;
    }
    Ok(())
}

fn domain_row(out: &mut String, name: &str, figures: &[String; 5]) -> fmt::Result {
    write!(out, "  {}", padded(name, LABEL - 4))?;
    for figure in figures {
        write!(out, "{figure:>11}")?;
    }
    writeln!(out)
}

fn failures(out: &mut String, report: &Report) -> fmt::Result {
    heading(out, "Failures")?;
    if report.failures.is_empty() {
        return writeln!(out, "  No failures.");
    }
    let whole = report.failures.iter().map(|failure| failure.count).sum();
    for one in &report.failures {
        let code = codes(one.code.as_deref(), one.enhanced.as_deref());
        let kind = if one.is_temporary() { "temporary" } else { "permanent" };
        bar(out, &code, one.count, whole, kind)?;
        writeln!(out, "    {}", cut(&line(&one.reply), WIDTH - 4))?;
    }
    Ok(())
}

fn daily(out: &mut String, report: &Report) -> fmt::Result {
    if report.daily.is_empty() {
        return Ok(());
    }
    heading(out, "Daily metrics")?;
    for one in &report.daily {
        let (date, metric) = (one.date, padded(&label(&one.metric), LABEL));
        writeln!(out, "  {date}  {metric}{:>12}", words::signed(one.value))?;
    }
    Ok(())
}

fn runs(out: &mut String, report: &Report) -> fmt::Result {
    let zone = Zone::of(report);
    heading(out, "Runs")?;
    if report.runs.is_empty() {
        writeln!(out, "  No runs yet.")?;
    }
    for run in &report.runs {
        writeln!(out, "  {}  {}", run.id, line(&label(&run.status)))?;
        let channel = format!("{} ({})", run.channel, run.channel_kind);
        let span = zone.span(run.started_at, run.finished_at);
        writeln!(out, "    {} {span}", padded(&channel, LABEL))?;
    }
    Ok(())
}

fn heading(out: &mut String, title: &str) -> fmt::Result {
    writeln!(out, "\n{title} {}", "─".repeat(WIDTH - title.len() - 1))
}

/// A labelled bar: `Accepted    19,244  94.2%  ████`.
fn bar(out: &mut String, name: &str, value: u64, whole: u64, note: &str) -> fmt::Result {
    let name = padded(name, LABEL - 12);
    let blocks = lying(scaled(value, whole, BAR as u64 * 8));
    writeln!(out, "{}", format!("  {name} {:>12}  {note:>9}  {blocks}", count(value)).trim_end())
}

/// `value` on a scale where `most` is `steps`; what is not nothing is at least one.
fn scaled(value: u64, most: u64, steps: u64) -> u64 {
    match (value, most) {
        (0, _) | (_, 0) => 0,
        _ => (value.saturating_mul(steps) / most).clamp(1, steps),
    }
}

/// A column of up to eight eighths.
fn rising(eighths: u64) -> char {
    match eighths {
        0 => ' ',
        1 => '▁',
        2 => '▂',
        3 => '▃',
        4 => '▄',
        5 => '▅',
        6 => '▆',
        7 => '▇',
        _ => '█',
    }
}

/// A bar of so many eighths of a column.
fn lying(eighths: u64) -> String {
    let whole = usize::try_from(eighths / 8).unwrap_or(BAR);
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    "█".repeat(whole) + rest.get(usize::try_from(eighths % 8).unwrap_or(0)).unwrap_or(&"")
}

/// Outside text in exactly `width` columns and one space at least behind it.
fn padded(text: &str, width: usize) -> String {
    let text = cut(&line(text), width - 1);
    let space = width.saturating_sub(text.width());
    text + &" ".repeat(space)
}

/// At most `width` columns of the text, with an ellipsis where there was more.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let kept = text.chars().take_while(|letter| {
        used += letter.width().unwrap_or(0);
        used < width
    });
    kept.collect::<String>() + "…"
}

/// Outside text over as many lines as it needs, each behind `mark` or its space.
fn wrapped(out: &mut String, text: &str, mark: &str) -> fmt::Result {
    let mut row = String::from(mark);
    let text = line(text);
    for word in text.split(' ') {
        let word = cut(word, WIDTH - mark.len());
        if row.width() > mark.len() && row.width() + 1 + word.width() > WIDTH {
            writeln!(out, "{row}")?;
            row = " ".repeat(mark.len());
        } else if row.width() > mark.len() {
            row.push(' ');
        }
        row.push_str(&word);
    }
    writeln!(out, "{row}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::reports::sample;

    #[test]
    fn a_report_on_the_terminal() {
        insta::assert_snapshot!(Terminal.render(&sample::spring()).unwrap());
    }

    #[test]
    fn a_campaign_that_never_ran() {
        insta::assert_snapshot!(Terminal.render(&sample::empty()).unwrap());
    }

    #[test]
    fn no_line_is_wider_than_the_page_nor_controls_the_terminal() {
        let mut long = sample::hostile();
        long.campaign.name = "🌸".repeat(60);
        long.notes.push("x".repeat(200));
        for report in [sample::spring(), sample::hostile(), long] {
            let text = Terminal.render(&report).unwrap();
            for line in text.lines() {
                assert!(line.width() <= WIDTH, "{} columns: {line}", line.width());
                assert!(!line.chars().any(|letter| letter.is_control() || letter == '\u{202e}'));
            }
        }
    }

    #[test]
    fn the_smallest_share_still_shows() {
        assert_eq!([lying(scaled(1, 100_000, 256)), lying(scaled(0, 9, 256))], ["▏", ""]);
        assert_eq!(lying(scaled(5, 5, 256)).width(), BAR);
    }
}
