//! The last touch to rendered text: single lines for headers, wrapped paragraphs for people.

/// Columns of a derived text part.
pub(super) const COLUMNS: usize = 74;

/// `text` as one trimmed line without control characters, fit for a header.
pub(super) fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_whitespace() || c.is_control();
    text.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `text` with no spaces at the ends of lines and no more than one empty line in a row.
pub(super) fn paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() && empty > 0 {
            out.push('\n');
        }
        empty = 0;
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Breaks the lines of `text` that are longer than `columns` characters at spaces. What follows a
/// list marker or a quotation mark hangs below its text; a word, such as a URL, is never broken.
pub(super) fn wrap(text: &str, columns: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 64);
    for line in text.lines() {
        if line.chars().count() <= columns {
            out.push_str(line);
        } else {
            wrap_line(line, columns, &mut out);
        }
        out.push('\n');
    }
    out
}

fn wrap_line(line: &str, columns: usize, out: &mut String) {
    let (lead, content) = line.split_at(lead(line));
    let hang: String = lead.chars().map(|c| if c == '>' { '>' } else { ' ' }).collect();
    let indent = hang.chars().count();
    out.push_str(lead);
    let mut at = indent;
    for word in content.split(' ').filter(|word| !word.is_empty()) {
        let width = word.chars().count();
        if at > indent && at + 1 + width > columns {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&hang);
            at = indent;
        } else if at > indent {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += width;
    }
}

/// How long the indentation, quotation marks and list marker before a line's text are.
fn lead(line: &str) -> usize {
    let marks = line.find(|c: char| c != ' ' && c != '>').unwrap_or(0);
    let text = &line[marks..];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marker = match &text[digits..] {
        rest if digits == 0 && rest.starts_with("- ") => 2,
        rest if (1..=3).contains(&digits) && rest.starts_with(". ") => digits + 2,
        _ => 0,
    };
    marks + marker
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line_whatever_its_values_hold() {
        assert_eq!(
            one_line(" Hi Ana\r\nBcc: all@example.com\u{2028}\u{85}\0 there "),
            "Hi Ana Bcc: all@example.com there"
        );
    }

    #[test]
    fn empty_lines_do_not_pile_up() {
        assert_eq!(paragraphs("\n\na  \n\n\n \nb\nc\n\n"), "a\n\nb\nc\n");
    }

    #[test]
    fn long_lines_hang_and_urls_stay_whole() {
        insta::assert_snapshot!(wrap("- one two three https://example.com/a/long/address four\n> five six seven eight nine", 20), @r"
        - one two three
          https://example.com/a/long/address
          four
        > five six seven
        > eight nine
        ");
    }
}
