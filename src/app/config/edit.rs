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
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(header) = lines.iter().position(|line| opens(line, section)) else {
        let gap = if text.trim().is_empty() { "" } else { ending };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { ending };
        return format!("{text}{end}{gap}{section}:{ending}  {name}: {scalar}{ending}");
    };
    let first = header + 1;
    let next = lines[first..]
        .iter()
        .position(|line| line.starts_with(|c: char| !c.is_whitespace() && c != '#'));
    let body = &lines[first..next.map_or(lines.len(), |next| first + next)];
    let indent = body
        .iter()
        .find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map_or("  ", |line| &line[..line.len() - line.trim_start().len()]);
    let shown = body.iter().position(|line| shows(line, name));
    let line = format!("{indent}{name}: {scalar}{ending}");
    let header = if lines[header].ends_with('\n') { String::new() } else { ending.to_owned() };
    let line = header + &line;
    match shown {
        Some(at) => lines[first + at] = &line,
        None => lines.insert(first, &line),
    }
    lines.concat()
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
        pairs.fold(String::new(), |told, (old, new)| told + "-" + old + "\n+" + new + "\n")
    }

    #[test]
    fn a_commented_line_is_switched_on_where_it_is() {
        let edited = edit(EXAMPLE, "unsubscribe.email", "leave@spring.example");
        assert_eq!(changes(EXAMPLE, &edited), "-  #email: \"\"\n+  email: leave@spring.example\n");
        let again = edit(&edited, "unsubscribe.email", "out@spring.example");
        assert_eq!(
            changes(&edited, &again),
            "-  email: leave@spring.example\n+  email: out@spring.example\n"
        );
    }

    #[test]
    fn what_people_wrote_around_a_value_stays() {
        let text =
            "# mine\nlog:   # loud\n    level:   info   # for now\nsender: {name: \"A: b\"}\n";
        assert_snapshot!(edit(text, "log.level", "debug"), @r#"
        # mine
        log:   # loud
            level:   debug   # for now
        sender: {name: "A: b"}
        "#);
        assert_snapshot!(edit(text, "sender.name", "O'Hara: \"q\" # x"), @r#"
        # mine
        log:   # loud
            level:   info   # for now
        sender: {name: "O'Hara: \"q\" # x"}
        "#);
        assert_snapshot!(edit(text, "delivery.batch", "7"), @r#"
        # mine
        log:   # loud
            level:   info   # for now
        sender: {name: "A: b"}

        delivery:
          batch: 7
        "#);
        let mixed = "log:\r\n  # hm\n# end";
        assert_eq!(edit(mixed, "log.level", "info"), "log:\r\n  level: info\r\n  # hm\n# end");
        assert_eq!(edit("log:", "log.level", "info"), "log:\n  level: info\n");
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
