//! What limits must keep to, and how they are told.

use std::collections::BTreeSet;

use super::model::{DomainLimit, Limits, Rates, WarmUp, fold_domain};

/// Domains that a channel may name.
const DOMAINS: usize = 1000;
/// The most a limit may say.
const MOST: u32 = 1_000_000_000;

impl Limits {
    /// Checks the values.
    ///
    /// # Errors
    /// What is wrong, in words that name the setting.
    pub fn check(&self) -> Result<(), String> {
        self.rates.check("limits")?;
        self.per_domain.check("limits.per_domain")?;
        if self.domains.len() > DOMAINS {
            return Err(format!("limits.domains names more than {DOMAINS} domains"));
        }
        let mut seen = BTreeSet::new();
        for DomainLimit { domain, rates } in &self.domains {
            let folded = fold_domain(domain);
            let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/' | ',');
            if folded.is_empty() || folded.len() > 253 || folded.contains(odd) {
                let short: String = domain.chars().take(60).collect();
                return Err(format!("limits.domains: `{short}` is no domain"));
            }
            rates.check(&format!("limits.domains {domain}"))?;
            if !seen.insert(folded) {
                return Err(format!("limits.domains names `{domain}` twice"));
            }
        }
        if let Some(WarmUp { first_day, daily_growth, .. }) = self.warm_up
            && (!(1..=MOST).contains(&first_day) || daily_growth > WarmUp::FASTEST)
        {
            return Err(format!(
                "limits.warm_up has a first_day of 1 or more, and a daily_growth of up to {} percent",
                WarmUp::FASTEST
            ));
        }
        if self.quiet_hours.is_some_and(|quiet| quiet.from == quiet.to) {
            return Err("limits.quiet_hours begin and end at the same time".to_owned());
        }
        Ok(())
    }
}

impl Rates {
    /// Checks the values; `of` is where they are written.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self, of: &str) -> Result<(), String> {
        for (span, limit) in self.spans() {
            if limit.is_some_and(|limit| !(1..=MOST).contains(&limit)) {
                return Err(format!("{of}: per_{span} is a number from 1 to {MOST}"));
            }
        }
        Ok(())
    }
}

impl WarmUp {
    /// The fastest growth, in percent a day.
    pub const FASTEST: u16 = 1000;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(limits: serde_json::Value) -> String {
        serde_json::from_value::<Limits>(limits).unwrap().check().unwrap_err()
    }

    #[test]
    fn what_cannot_hold_is_named() {
        use serde_json::json;
        insta::assert_snapshot!(refusal(json!({ "per_hour": 0 })), @"limits: per_hour is a number from 1 to 1000000000");
        let twice = json!({ "domains": [{ "domain": "Gmail.com" }, { "domain": "gmail.com" }] });
        insta::assert_snapshot!(refusal(twice), @"limits.domains names `gmail.com` twice");
        insta::assert_snapshot!(refusal(json!({ "domains": [{ "domain": "a@b" }] })), @"limits.domains: `a@b` is no domain");
        let quiet = json!({ "quiet_hours": { "from": "22:00", "to": "22:00", "timezone": "UTC" } });
        insta::assert_snapshot!(refusal(quiet), @"limits.quiet_hours begin and end at the same time");
    }

    #[test]
    fn limits_read_back_as_they_were_written() {
        let text = r#"{"per_second":200,"per_domain":{"per_second":20},"domains":[{"domain":"gmail.com","per_minute":600}],"adaptive":"off","warm_up":{"starts":"2026-12-01","first_day":200,"daily_growth":50},"quiet_hours":{"from":"22:00","to":"07:00","timezone":"contact"}}"#;
        let limits: Limits = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&limits).unwrap(), text);
        limits.check().unwrap();
        assert!(Limits::default().is_default() && !limits.is_default());
        assert_eq!(serde_json::to_string(&Limits::default()).unwrap(), "{}");
    }
}
