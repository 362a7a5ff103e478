//! Rules for single values: what a name, an address, a date or a path looks like.
//!
//! Each says what is wrong with a text and, where the form is not obvious, how to write it. None
//! knows where the text stands.

use std::str::FromStr;

use chrono::NaiveDate;
use chrono_tz::Tz;
use url::Url;

use crate::core::campaigns::{self, Cron, Moment};
use crate::core::contacts::Address;
use crate::core::kernel::{Currency, check_name, nearest};
use crate::core::publishing::{QuietZone, check_return_path, is_selector};

/// What is wrong with a value, and how to put it right.
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

pub(super) type Rule = fn(&str) -> Result<(), Refusal>;

/// Characters of a one-line text at most: what a mail header can hold (RFC 5322).
const MAX_LINE: usize = 998;

fn refuse(message: impl Into<String>, help: &str) -> Refusal {
    Refusal { message: message.into(), help: Some(help.to_owned()) }
}

fn ensure(holds: bool, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal()) }
}

/// Enough of a value to recognise it by.
pub(super) fn brief(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A name of a document or a message, by the rule of the whole program.
pub(super) fn name(text: &str) -> Result<(), Refusal> {
    check_name(text).map_err(|error| Refusal { message: error.to_string(), help: None })
}

/// Any text that every store can keep.
pub(super) fn text(text: &str) -> Result<(), Refusal> {
    ensure(!text.contains('\0'), || refuse("the text contains a NUL character", "remove it"))
}

/// Text that says something, in any number of lines: a template may fold it into one.
pub(super) fn filled(filled: &str) -> Result<(), Refusal> {
    ensure(!filled.trim().is_empty(), || refuse("this is empty", "write a text"))?;
    text(filled)
}

/// Text that can stand in a mail header.
pub(super) fn line(text: &str) -> Result<(), Refusal> {
    ensure(!text.chars().any(char::is_control), || {
        refuse("this must be one line", "remove the line breaks and control characters")
    })?;
    ensure(!text.trim().is_empty(), || refuse("this is empty", "write a text"))?;
    ensure(text.chars().count() <= MAX_LINE, || {
        refuse("this line is too long", "at most 998 characters")
    })
}

/// An address that is plausible; whether it exists, only a mail can tell.
pub(super) fn email(text: &str) -> Result<(), Refusal> {
    let refusal = || {
        refuse(
            format!("`{}` is not an email address", brief(text)),
            "write it as ana@casaverde.example",
        )
    };
    let (local, domain) = text.rsplit_once('@').ok_or_else(refusal)?;
    let odd = |letter: char| {
        letter.is_whitespace() || letter.is_control() || r#"<>()[]\,;:"@"#.contains(letter)
    };
    let labels_hold = domain.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    });
    let local_holds = !local.is_empty() && local.len() <= 64 && !local.chars().any(odd);
    let somewhere = domain.contains('.') || domain == "localhost";
    ensure(local_holds && labels_hold && somewhere && text.len() <= 254, refusal)
}

/// An address that could be a contact's, by the rule that those are held to.
pub(super) fn address(text: &str) -> Result<(), Refusal> {
    Address::parse(text).map(drop).map_err(|error| told(&error))
}

pub(super) fn web_address(text: &str) -> Result<(), Refusal> {
    let reads = Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    let clean = !text.chars().any(|letter| letter.is_control() || letter == ' ');
    ensure(reads && clean, || {
        refuse(
            format!("`{}` is not a web address", brief(text)),
            "write it as https://casaverde.example/…",
        )
    })
}

/// The name of a server or its IP address.
pub(super) fn host(text: &str) -> Result<(), Refusal> {
    ensure(url::Host::parse(text).is_ok() || text.parse::<std::net::IpAddr>().is_ok(), || {
        refuse(
            format!("`{}` is not a host", brief(text)),
            "write its name alone, as smtp.example.com",
        )
    })
}

/// The name of a DKIM key.
pub(super) fn selector(text: &str) -> Result<(), Refusal> {
    ensure(is_selector(text), || {
        refuse(
            format!("`{}` is not a selector", brief(text)),
            "use letters, digits, hyphens and dots, as in s1",
        )
    })
}

/// An address with room for a token.
pub(super) fn return_path(text: &str) -> Result<(), Refusal> {
    email(text)?;
    check_return_path(text).map_err(|message| Refusal { message, help: None })
}

pub(super) fn date(text: &str) -> Result<(), Refusal> {
    let shaped = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    ensure(shaped && NaiveDate::from_str(text).is_ok(), || {
        refuse(
            format!("`{}` is not a date", brief(text)),
            "write year, month and day, as 2026-03-01",
        )
    })
}

pub(super) fn timezone(text: &str) -> Result<(), Refusal> {
    if Tz::from_str(text).is_ok() {
        return Ok(());
    }
    let message = format!("`{}` is not a timezone", brief(text));
    let near = nearest(&brief(text), chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
    Err(match near {
        Some(zone) => refuse(message, &format!("did you mean `{zone}`?")),
        None => refuse(message, "write its name in the tz database, as Europe/Madrid"),
    })
}

/// A zone, or the word for each contact's own.
pub(super) fn quiet_zone(text: &str) -> Result<(), Refusal> {
    if text == QuietZone::CONTACT { Ok(()) } else { timezone(text) }
}

/// What follows the `@` of an address.
pub(super) fn domain(text: &str) -> Result<(), Refusal> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/' | ',');
    let reads = !text.is_empty() && text.len() <= 253 && !text.contains(odd);
    ensure(reads, || refuse(format!("`{}` is not a domain", brief(text)), "write it as gmail.com"))
}

/// A time with or without an offset.
pub(super) fn moment(text: &str) -> Result<(), Refusal> {
    Moment::from_str(text).map(drop).map_err(|error| told(&error))
}

pub(super) fn time_of_day(text: &str) -> Result<(), Refusal> {
    campaigns::time_of_day(text).map(drop).map_err(|error| told(&error))
}

/// A cron expression; of one that is wrong the place within it is told by its words.
pub(super) fn cron(text: &str) -> Result<(), Refusal> {
    Cron::from_str(text).map(drop).map_err(|error| told(&error))
}

/// What to do stands after a semicolon.
fn told(error: &dyn std::fmt::Display) -> Refusal {
    let words = error.to_string();
    match words.rsplit_once("; ") {
        Some((message, help)) => refuse(message, help),
        None => Refusal { message: words, help: None },
    }
}

pub(super) fn currency(text: &str) -> Result<(), Refusal> {
    match Currency::from_str(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal { message: error.to_string(), help: None }),
    }
}

/// A name of a metric: `clicks`, `conversion_rate`.
pub(super) fn metric(text: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    ensure((1..=63).contains(&text.len()) && text.bytes().all(allowed), || {
        refuse(format!("`{}` is not a metric", brief(text)), "use a-z and _, as in clicks")
    })
}

/// A name of an environment variable. The text may be a password put in the wrong place: it is not
/// repeated.
pub(super) fn variable(text: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let holds =
        !text.is_empty() && text.bytes().all(allowed) && !text.as_bytes()[0].is_ascii_digit();
    ensure(holds, || {
        refuse(
            "this is not the name of an environment variable",
            "use A-Z, 0-9 and _, as in SMTP_PASSWORD",
        )
    })
}

/// A path inside the folder of the manifest, with `/` on every system.
pub(super) fn inner_path(text: &str) -> Result<(), Refusal> {
    let message = format!("`{}` is not a path inside the manifest's folder", brief(text));
    let plain = !text.is_empty()
        && !text.ends_with('/')
        && !text.chars().any(|letter| letter.is_control() || matches!(letter, '\\' | ':'));
    ensure(plain, || {
        refuse(message.clone(), "write it as templates/spring.md, with / between folders")
    })?;
    ensure(!text.starts_with('/'), || {
        refuse(message.clone(), "write it relative to the manifest, as templates/spring.md")
    })?;
    let mut depth = 0_i32;
    for part in text.split('/') {
        depth += match part {
            ".." => -1,
            "." | "" => 0,
            _ => 1,
        };
        ensure(depth >= 0, || {
            refuse(message.clone(), "`..` may not leave the folder; move the file into it")
        })?;
    }
    ensure(!matches!(text.rsplit('/').next(), Some("." | "..")), || {
        refuse(message.clone(), "name a file, not a folder")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(rule: Rule, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(rule(text).is_ok(), "{text} is good");
        }
        for text in bad {
            assert!(rule(text).is_err(), "{text} is bad");
        }
    }

    #[test]
    fn addresses_are_plausible() {
        let good = ["hola@casaverde.example", "a.b+c@x-y.es", "ana@café.example", "a@localhost"];
        let bad = ["", "@", "hola", "hola@", "@x.es", "a b@x.es", "a@b", "a@x..es", "a@-x.es"];
        sort(email, &good, &bad);
        sort(email, &[], &["Ana <a@x.es>", "a@x.es, b@x.es", "a@x.es\nBcc: b@x.es", "a@b@x.es"]);
    }

    #[test]
    fn paths_stay_in_the_folder() {
        sort(
            inner_path,
            &["a.md", "t/a.md", "./a.md", "t/../a.md"],
            &[
                "",
                "/etc/passwd",
                "../a",
                "t/../../a",
                "C:\\a",
                "C:/a",
                "t\\a",
                "t/",
                ".",
                "t/..",
                "a\0",
            ],
        );
    }

    #[test]
    fn dates_zones_and_web_addresses() {
        sort(
            date,
            &["2026-02-28"],
            &["2026-02-30", "2026-2-3", "01/03/2026", "2026-03-01T00:00", ""],
        );
        sort(timezone, &["Europe/Madrid", "UTC"], &["Europe/Madird", "", "CEST2"]);
        sort(
            web_address,
            &["https://a.example/u?e={{ id }}".replace(' ', "").as_str(), "http://localhost:8080/"],
            &[
                "ftp://a.example",
                "a.example/u",
                "https://",
                "javascript:alert(1)",
                "https://a b.example",
            ],
        );
        sort(host, &["smtp.example.com", "127.0.0.1", "::1"], &["", "smtp://x", "a b", "x:25"]);
        sort(variable, &["SMTP_PASSWORD", "_x1"], &["", "1A", "hunter2!", "A-B"]);
    }

    #[test]
    fn a_header_cannot_be_smuggled_into_a_line() {
        sort(line, &["¡Hola!"], &["Hola\r\nBcc: x@y.z", "", "  ", "a\0"]);
        sort(text, &["a\nb", ""], &["a\0"]);
    }
}
