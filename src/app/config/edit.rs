//! Changing one setting of a file that a person wrote: everything else stays, to the byte.
//!
//! The value is replaced where it is written; else the line that shows it commented out is
//! switched on; else a line is added to its section; else the section is added at the end. The
//! result is read again: an edit that changed anything else is given up.

use super::Fault;
use super::keys::{KEYS, Key};
use super::yaml::{self, Written};

/// `text` with the setting `key` (its place in [`KEYS`]) at `value`; none when it cannot be done
/// without touching something else.
pub(super) fn set(text: &str, key: usize, value: &str) -> Result<Option<String>, Fault> {
    let before = yaml::read(text)?;
    let scalar = scalar(value);
    let edited = match before.iter().find(|written| written.key == key) {
        Some(written) => replaced(text, written, &scalar),
        None => added(text, &KEYS[key], &scalar),
    };
    let kept = |all: Vec<Written>| -> Vec<(usize, String)> {
        let others = all.into_iter().filter(|written| written.key != key);
        others.map(|written| (written.key, written.value)).collect()
    };
    let Ok(after) = yaml::read(&edited) else { return Ok(None) };
    let arrived = after.iter().any(|written| written.key == key && written.value == value);
    let done = arrived && kept(before) == kept(after);
    Ok(done.then_some(edited))
}

fn replaced(text: &str, written: &Written, scalar: &str) -> String {
    let old = &text[written.bytes.clone()];
    // A block or a plain scalar may be said to reach into the space that follows it.
    let end = written.bytes.start + old.trim_end().len();
    format!("{}{scalar}{}", &text[..written.bytes.start], &text[end..])
}

fn added(text: &str, key: &Key, scalar: &str) -> String {
    let (section, name) = key.parts();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let Some(header) = lines.iter().position(|line| opens(line, section)) else {
        let gap = if text.trim().is_empty() { "" } else { "\n" };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return format!("{text}{end}{gap}{section}:\n  {name}: {scalar}\n");
    };
    let body = header + 1
        ..lines[header + 1..]
            .iter()
            .position(|line| line.starts_with(|c: char| !c.is_whitespace() && c != '#'))
            .map_or(lines.len(), |next| header + 1 + next);
    let indent = lines[body.clone()]
        .iter()
        .find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map_or("  ", |line| &line[..line.len() - line.trim_start().len()])
        .to_owned();
    let line = format!("{indent}{name}: {scalar}");
    let shown = lines[body.clone()].iter().position(|line| shows(line, name));
    match shown {
        Some(at) => lines[body.start + at] = line,
        None => lines.insert(header + 1, line),
    }
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    lines.join(ending) + ending
}

/// Whether a line is `section:` with nothing but a comment after it.
fn opens(line: &str, section: &str) -> bool {
    let rest = line.strip_prefix(section).and_then(|rest| rest.strip_prefix(':'));
    rest.is_some_and(|rest| rest.trim().is_empty() || rest.trim_start().starts_with('#'))
}

/// Whether a line is the setting `name`, commented out or without a value.
fn shows(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let bare = line.strip_prefix('#').map_or(line, str::trim_start);
    bare.strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(':'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// A value as YAML writes it, on one line.
fn scalar(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "@._-/:+ ".contains(c);
    let quiet = !value.is_empty()
        && value.chars().all(plain)
        && value.starts_with(char::is_alphanumeric)
        && !value.contains(": ")
        && !value.ends_with([':', ' '])
        && !matches!(value, "null" | "Null" | "NULL");
    // JSON's strings are YAML's double-quoted ones.
    if quiet { value.to_owned() } else { serde_json::Value::from(value).to_string() }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::EXAMPLE;
    use super::*;

    fn edit(text: &str, name: &str, value: &str) -> String {
        let key = KEYS.iter().position(|key| key.name == name).unwrap();
        set(text, key, value).unwrap().unwrap()
    }

    /// The lines that differ.
    fn changes(old: &str, new: &str) -> String {
        let pairs = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
        pairs.map(|(old, new)| format!("-{old}\n+{new}\n")).collect()
    }

    #[test]
    fn a_commented_line_is_switched_on_where_it_is() {
        let edited = edit(EXAMPLE, "unsubscribe.email", "leave@spring.example");
        assert_snapshot!(changes(EXAMPLE, &edited), @"");
        let again = edit(&edited, "unsubscribe.email", "out@spring.example");
        assert_snapshot!(changes(&edited, &again), @"");
    }

    #[test]
    fn what_people_wrote_around_a_value_stays() {
        let text =
            "# mine\nlog:   # loud\n    level:   info   # for now\nsender: {name: \"A: b\"}\n";
        assert_snapshot!(edit(text, "log.level", "debug"), @"");
        assert_snapshot!(edit(text, "sender.name", "O'Hara: \"q\" # x"), @"");
        assert_snapshot!(edit(text, "delivery.batch", "7"), @"");
        let crlf = "log:\r\n  # hm\r\n";
        assert_eq!(edit(crlf, "log.level", "info"), "log:\r\n  level: info\r\n  # hm\r\n");
    }

    #[test]
    fn an_edit_that_would_break_the_file_is_given_up() {
        let key = KEYS.iter().position(|key| key.name == "sender.email").unwrap();
        assert_eq!(set("sender: {name: A}\n", key, "a@x.y").unwrap(), None);
    }

    #[test]
    fn every_value_comes_back_as_it_was() {
        for value in ["", " ", "null", "~", "a: b", "#x", "- x", "{a}", "ñ 'q' \"z\"", "yes", "1e3"]
        {
            let edited = edit("", "sender.name", value);
            let back = yaml::read(&edited).unwrap();
            assert_eq!(back.first().map(|written| written.value.as_str()), Some(value));
        }
    }
}
