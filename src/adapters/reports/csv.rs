//! CSV: every figure of the report in one long table, `section,key,date,metric,value`.
//!
//! | section | key | date | metric | value |
//! |---|---|---|---|---|
//! | `report` | | | `generated_at`, `workspace` | text |
//! | `campaign` | | | `id`, `name`, `type`, `status`, `timezone`, `label`, … | text |
//! | `run` | run id | | `status`, `channel`, `started_at`, … | text |
//! | `total` | | | a state, `recipients` | count |
//! | `rate` | | | a rate | share, 0 to 1 |
//! | `pace` | | | `duration_seconds`, `mails_per_second` | number |
//! | `timeline` | bucket width in seconds | bucket start | `accepted`, `deferred`, `failed` | count |
//! | `daily` | | day | a metric | number |
//! | `domain` | domain | | a state, `recipients` | count |
//! | `failure` | code and enhanced code | | the reply | count |
//! | `note` | | | | text |
//!
//! Times are RFC 3339 in UTC; what is absent has no row. A cell of outside text that a spreadsheet
//! would take for a formula (it starts with `=`, `+`, `-`, `@`, a tab or a line break) gets an
//! apostrophe in front.

use crate::core::analytics::{Report, ReportError, ReportFormat, ReportRenderer};

use super::words::codes;

pub(super) struct Csv;

impl ReportRenderer for Csv {
    fn render(&self, report: &Report) -> Result<String, ReportError> {
        let mut table = Table(csv::Writer::from_writer(Vec::new()));
        table.write(report).map_err(|error| ReportFormat::Csv.error(error))?;
        let bytes = table.0.into_inner().map_err(|error| ReportFormat::Csv.error(error))?;
        String::from_utf8(bytes).map_err(|error| ReportFormat::Csv.error(error))
    }
}

struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn write(&mut self, report: &Report) -> csv::Result<()> {
        self.0.write_record(["section", "key", "date", "metric", "value"])?;
        self.row("report", "", "", "generated_at", &report.generated_at.to_string())?;
        self.row("report", "", "", "workspace", &report.workspace)?;
        self.campaign(report)?;
        self.runs(report)?;
        self.figures(report)?;
        self.series(report)?;
        self.breakdowns(report)?;
        for note in &report.notes {
            self.row("note", "", "", "", note)?;
        }
        Ok(())
    }

    fn campaign(&mut self, report: &Report) -> csv::Result<()> {
        let campaign = &report.campaign;
        let mut fact = |metric: &str, value: &str| self.row("campaign", "", "", metric, value);
        fact("id", &campaign.id.to_string())?;
        fact("name", &campaign.name)?;
        fact("type", &campaign.kind)?;
        fact("status", &campaign.status)?;
        fact("timezone", &campaign.timezone)?;
        for label in &campaign.labels {
            fact("label", label)?;
        }
        let dates = [("start_date", campaign.start_date), ("end_date", campaign.end_date)];
        for (metric, date) in dates {
            if let Some(date) = date {
                fact(metric, &date.to_string())?;
            }
        }
        for (metric, money) in [("budget", &campaign.budget), ("spent", &campaign.spent)] {
            if let Some(money) = money {
                fact(metric, &money.amount)?;
                fact(&format!("{metric}_currency"), &money.currency)?;
            }
        }
        Ok(())
    }

    fn runs(&mut self, report: &Report) -> csv::Result<()> {
        for run in &report.runs {
            let id = run.id.to_string();
            let mut fact = |metric: &str, value: &str| self.row("run", &id, "", metric, value);
            fact("status", &run.status)?;
            fact("channel", &run.channel)?;
            fact("channel_kind", &run.channel_kind)?;
            let times = [("started_at", run.started_at), ("finished_at", run.finished_at)];
            for (metric, time) in times {
                if let Some(time) = time {
                    fact(metric, &time.to_string())?;
                }
            }
        }
        Ok(())
    }

    fn figures(&mut self, report: &Report) -> csv::Result<()> {
        let totals = &report.totals;
        for (metric, value) in [
            ("recipients", totals.recipients),
            ("queued", totals.queued),
            ("leased", totals.leased),
            ("accepted", totals.accepted),
            ("deferred", totals.deferred),
            ("failed", totals.failed),
            ("suppressed", totals.suppressed),
            ("bounced", totals.bounced),
            ("complained", totals.complained),
        ] {
            self.row("total", "", "", metric, &value.to_string())?;
        }
        let (rates, pace) = (&report.rates, &report.pace);
        for (section, metric, value) in [
            ("rate", "accepted", rates.accepted),
            ("rate", "deferred", rates.deferred),
            ("rate", "failed", rates.failed),
            ("rate", "suppressed", rates.suppressed),
            ("rate", "bounced", rates.bounced),
            ("rate", "complained", rates.complained),
            ("pace", "duration_seconds", pace.duration_seconds),
            ("pace", "mails_per_second", pace.mails_per_second),
        ] {
            if let Some(value) = value {
                self.row(section, "", "", metric, &value.to_string())?;
            }
        }
        Ok(())
    }

    fn series(&mut self, report: &Report) -> csv::Result<()> {
        let width = report.timeline.bucket_seconds.to_string();
        for bucket in &report.timeline.buckets {
            let at = bucket.at.to_string();
            for (metric, value) in [
                ("accepted", bucket.accepted),
                ("deferred", bucket.deferred),
                ("failed", bucket.failed),
            ] {
                self.row("timeline", &width, &at, metric, &value.to_string())?;
            }
        }
        for one in &report.daily {
            // A figure, so its minus sign stays.
            let date = one.date.to_string();
            let value = one.value.to_string();
            self.0.write_record(["daily", "", &date, &inert(&one.metric), &value])?;
        }
        Ok(())
    }

    fn breakdowns(&mut self, report: &Report) -> csv::Result<()> {
        for domain in &report.domains {
            for (metric, value) in [
                ("recipients", domain.recipients),
                ("accepted", domain.accepted),
                ("deferred", domain.deferred),
                ("failed", domain.failed),
                ("suppressed", domain.suppressed),
            ] {
                self.row("domain", &domain.domain, "", metric, &value.to_string())?;
            }
        }
        for failure in &report.failures {
            let key = codes(failure.code.as_deref(), failure.enhanced.as_deref());
            self.row("failure", &key, "", &failure.reply, &failure.count.to_string())?;
        }
        Ok(())
    }

    fn row(
        &mut self,
        section: &str,
        key: &str,
        date: &str,
        metric: &str,
        value: &str,
    ) -> csv::Result<()> {
        self.0.write_record([section, &inert(key), date, &inert(metric), &inert(value)])
    }
}

/// The text as a cell no spreadsheet computes.
fn inert(text: &str) -> String {
    let clean: String =
        text.chars().map(|letter| if letter == '\u{1b}' { ' ' } else { letter }).collect();
    if clean.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{clean}")
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::reports::sample;

    #[test]
    fn a_report_in_long_form() {
        insta::assert_snapshot!(Csv.render(&sample::small()).unwrap());
    }

    #[test]
    fn outside_text_reads_back_and_computes_nothing() {
        let text = Csv.render(&sample::hostile()).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let find = |section: &str, metric: &str| {
            rows.iter().find(|row| &row[0] == section && &row[3] == metric).unwrap()
        };
        assert_eq!(&find("campaign", "name")[4], sample::HOSTILE);
        assert_eq!(&find("campaign", "label")[4], "'=HYPERLINK(\"http://evil.example\")");
        assert_eq!(&find("domain", "recipients")[1], "'@sum.example");
        assert!(rows.iter().all(|row| row.len() == 5));
    }
}
