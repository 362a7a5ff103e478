//! Where in HTML or MJML a reader stands, to know what a Jinja tag found there may become.

/// Where the reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Between elements.
    #[default]
    Content,
    /// Inside `<…>`, outside quotes.
    Tag,
    /// Inside the quotes of an attribute.
    Value,
    /// Inside an element that holds text only, or in a comment.
    Plain,
    /// Inside `<style>` or `<script>`.
    Code,
}

/// Reads markup piece by piece.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    quote: u8,
    /// The name of the element being opened.
    name: String,
    /// What ends the comment or the text-only element.
    until: String,
}

/// Elements in which a comment would be text.
const PLAIN: [&str; 4] = ["title", "textarea", "mj-title", "mj-preview"];
const CODE: [&str; 3] = ["style", "script", "mj-style"];

impl Scanner {
    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn read(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            rest = match self.state {
                State::Content => self.content(rest),
                State::Tag => self.tag(rest),
                State::Value => self.value(rest),
                State::Plain | State::Code => self.raw(rest),
            };
        }
    }

    fn content<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(at) = text.find('<') else { return "" };
        let rest = &text[at + 1..];
        if let Some(rest) = rest.strip_prefix("!--") {
            (self.state, self.until) = (State::Plain, "-->".into());
            return rest;
        }
        if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
            self.name = rest[..end].to_ascii_lowercase();
            self.state = State::Tag;
        }
        rest
    }

    fn tag<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(at) = text.find(['"', '\'', '>']) else { return "" };
        match text.as_bytes()[at] {
            b'>' => {
                self.state = match self.name.as_str() {
                    _ if text[..at].ends_with('/') => State::Content,
                    name if CODE.contains(&name) => State::Code,
                    name if PLAIN.contains(&name) => State::Plain,
                    _ => State::Content,
                };
                self.until = format!("</{}", self.name);
            }
            quote => (self.state, self.quote) = (State::Value, quote),
        }
        &text[at + 1..]
    }

    fn value<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(at) = text.find(char::from(self.quote)) else { return "" };
        self.state = State::Tag;
        &text[at + 1..]
    }

    fn raw<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(at) = text.to_ascii_lowercase().find(&self.until) else { return "" };
        self.state = State::Content;
        // the closing tag is read as a tag
        if self.until.starts_with('<') { &text[at..] } else { &text[at + self.until.len()..] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_where_it_stands() {
        for (text, state) in [
            ("a < b", State::Content),
            ("<a href='x>", State::Value),
            ("<a href=\"x\" ", State::Tag),
            ("<!-- <p>", State::Plain),
            ("<!-- <p> --><p>", State::Content),
            ("<style>a > b {", State::Code),
            ("<STYLE>a{}</STYLE >", State::Content),
            ("<mj-title>", State::Plain),
            ("<mj-style/>", State::Content),
        ] {
            let mut scanner = Scanner::default();
            scanner.read(text);
            assert_eq!(scanner.state(), state, "{text}");
        }
    }
}
