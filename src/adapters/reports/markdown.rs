//! Markdown: headings and tables that read well in any repository or chat.

use std::fmt::{self, Write};

use super::words::{self, DAY, Zone, codes, count, duration, label, money, pace, percent, states};
use crate::core::analytics::{Report, ReportError, ReportFormat, ReportRenderer};

pub(super) struct Markdown;

impl ReportRenderer for Markdown {
    fn render(&self, report: &Report) -> Result<String, ReportError> {
        let mut out = String::new();
        write(&mut out, report).map_err(|error| ReportFormat::Markdown.error(error))?;
        Ok(out)
    }
}

fn write(out: &mut String, report: &Report) -> fmt::Result {
    header(out, report)?;
    figures(out, report)?;
    over_time(out, report)?;
    domains(out, report)?;
    failures(out, report)?;
    daily(out, report)?;
    runs(out, report)?;
    let zone = Zone::of(report);
    writeln!(out, "\n---\n")?;
    writeln!(out, "Made {} ({}).", zone.moment(report.generated_at), zone.name())
}

fn header(out: &mut String, report: &Report) -> fmt::Result {
    let (campaign, zone) = (&report.campaign, Zone::of(report));
    writeln!(out, "# {}\n", text(&campaign.name))?;
    let kind = label(&campaign.kind);
    writeln!(out, "**{}** · {} campaign", text(&label(&campaign.status)), text(&kind))?;
    writeln!(out, "\n| Fact | |\n|---|---|")?;
    writeln!(out, "| Workspace | {} |", text(&report.workspace))?;
    writeln!(out, "| Campaign | `{}` |", campaign.id)?;
    for (fact, date) in [("Starts", campaign.start_date), ("Ends", campaign.end_date)] {
        if let Some(date) = date {
            writeln!(out, "| {fact} | {} |", date.format(DAY))?;
        }
    }
    for (fact, amount) in [("Budget", &campaign.budget), ("Spent", &campaign.spent)] {
        if let Some(amount) = amount {
            writeln!(out, "| {fact} | {} |", text(&money(amount)))?;
        }
    }
    if !campaign.labels.is_empty() {
        let labels: Vec<String> = campaign.labels.iter().map(|label| text(label)).collect();
        writeln!(out, "| Labels | {} |", labels.join(", "))?;
    }
    writeln!(out, "| Times in | {} |", zone.name())?;
    for note in &report.notes {
        writeln!(out, "\n> {}", text(note))?;
    }
    Ok(())
}

fn figures(out: &mut String, report: &Report) -> fmt::Result {
    let (totals, rates) = (&report.totals, &report.rates);
    writeln!(out, "\n## Figures\n\n| Figure | Value |\n|---|---:|")?;
    writeln!(out, "| Recipients | {} |", count(totals.recipients))?;
    writeln!(out, "| Taken by the servers | {} |", count(totals.taken()))?;
    for (figure, rate) in [
        ("Accepted rate", rates.accepted),
        ("Deferred rate", rates.deferred),
        ("Failure rate", rates.failed),
        ("Suppressed rate", rates.suppressed),
        ("Bounce rate", rates.bounced),
        ("Complaint rate", rates.complained),
    ] {
        writeln!(out, "| {figure} | {} |", percent(rate))?;
    }
    writeln!(out, "| Working time | {} |", duration(report.pace.duration_seconds))?;
    writeln!(out, "| Average speed | {} |", pace(report.pace.mails_per_second))?;
    writeln!(out, "\n## States\n\n| State | Deliveries | Share |\n|---|---:|---:|")?;
    for one in states(totals) {
        writeln!(out, "| {} | {} | {} |", label(one.state), count(one.count), percent(one.share))?;
    }
    Ok(())
}

fn over_time(out: &mut String, report: &Report) -> fmt::Result {
    let (timeline, zone) = (&report.timeline, Zone::of(report));
    writeln!(out, "\n## Delivery over time\n")?;
    if timeline.buckets.is_empty() {
        return writeln!(out, "Nothing was sent yet.");
    }
    writeln!(out, "Every {}.\n", words::step(timeline.bucket_seconds))?;
    writeln!(out, "| From | Accepted | Deferred | Failed |\n|---|---:|---:|---:|")?;
    for bucket in &timeline.buckets {
        let [accepted, deferred, failed] =
            [bucket.accepted, bucket.deferred, bucket.failed].map(count);
        let at = zone.instant(bucket.at, timeline.bucket_seconds);
        writeln!(out, "| {at} | {accepted} | {deferred} | {failed} |")?;
    }
    Ok(())
}

fn domains(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "\n## Recipient domains\n")?;
    if report.domains.is_empty() {
        return writeln!(out, "No recipients.");
    }
    writeln!(out, "| Domain | Recipients | Accepted | Deferred | Failed | Suppressed |")?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|")?;
    for one in &report.domains {
        let figures = [one.recipients, one.accepted, one.deferred, one.failed, one.suppressed];
        writeln!(out, "| {} | {} |", text(&one.domain), figures.map(count).join(" | "))?;
    }
    Ok(())
}

fn failures(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "\n## Failures\n")?;
    if report.failures.is_empty() {
        return writeln!(out, "No failures.");
    }
    writeln!(out, "| Code | Reply | Deliveries |\n|---|---|---:|")?;
    for one in &report.failures {
        let code = codes(one.code.as_deref(), one.enhanced.as_deref());
        writeln!(out, "| {} | {} | {} |", text(&code), text(&one.reply), count(one.count))?;
    }
    Ok(())
}

fn daily(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "\n## Daily metrics\n")?;
    if report.daily.is_empty() {
        return writeln!(out, "No metrics yet.");
    }
    writeln!(out, "| Date | Metric | Value |\n|---|---|---:|")?;
    for one in &report.daily {
        let metric = text(&label(&one.metric));
        writeln!(out, "| {} | {metric} | {} |", one.date, words::signed(one.value))?;
    }
    Ok(())
}

fn runs(out: &mut String, report: &Report) -> fmt::Result {
    let zone = Zone::of(report);
    writeln!(out, "\n## Runs\n")?;
    if report.runs.is_empty() {
        return writeln!(out, "No runs yet.");
    }
    writeln!(out, "| Run | Status | Channel | Started | Finished |\n|---|---|---|---|---|")?;
    for run in &report.runs {
        let [started, finished] = [run.started_at, run.finished_at].map(|at| zone.maybe(at));
        let channel = format!("{} ({})", run.channel, run.channel_kind);
        let (status, channel) = (text(&label(&run.status)), text(&channel));
        writeln!(out, "| `{}` | {status} | {channel} | {started} | {finished} |", run.id)?;
    }
    Ok(())
}

/// Outside text, on one line, with nothing left that Markdown or the HTML in it would obey.
fn text(outside: &str) -> String {
    let mut safe = String::new();
    for letter in words::line(outside).chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '$' => {
                safe.push('\\');
                safe.push(letter);
            }
            // A scheme or a handle alone is made a link or a mention by some readers.
            ':' => safe.push_str("&#58;"),
            '@' => safe.push_str("&#64;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::reports::sample;

    #[test]
    fn a_report_in_tables() {
        insta::assert_snapshot!(Markdown.render(&sample::small()).unwrap());
    }

    #[test]
    fn nothing_sent_is_said_in_words() {
        let written = Markdown.render(&sample::empty()).unwrap();
        for sentence in ["Nothing was sent yet.", "No recipients.", "No failures.", "No runs yet."]
        {
            assert!(written.contains(sentence), "{sentence}");
        }
    }

    #[test]
    fn outside_text_makes_no_markup() {
        let written = Markdown.render(&sample::hostile()).unwrap();
        insta::assert_snapshot!(
            written.lines().next().unwrap(),
            @r##"# &lt;script&gt;alert("1")&lt;/script&gt; \| 'x' \`y\` \# \[z\](http&#58;//evil.example) عرض 🌸"##
        );
        for table_row in written.lines().filter(|line| line.contains("sum.example")) {
            assert_eq!(table_row.matches('|').count(), 7);
        }
        let html = {
            let options = pulldown_cmark::Options::ENABLE_TABLES;
            let mut html = String::new();
            let events = pulldown_cmark::Parser::new_ext(&written, options);
            pulldown_cmark::html::push_html(&mut html, events);
            html
        };
        assert!(!html.contains("<script") && !html.contains("<a "), "{html}");
    }
}
