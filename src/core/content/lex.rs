//! A template cut into text and Jinja tags, each knowing where its author wrote it.
//!
//! The conversions (Markdown, MJML, CSS inlining) work on the text alone; tags pass them as tokens
//! ([`mask`](super::mask)). Text that came out of a `{% raw %}` block is text like any other:
//! [`Assembled`](super::assemble::Assembled) protects what looks like a tag in it.

use std::sync::Arc;

use super::error::Place;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// `{{ … }}`
    Output,
    /// `{% … %}`
    Block,
}

#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) template: Arc<str>,
    /// Counted from 1.
    pub(super) line: usize,
}

impl Origin {
    pub(super) fn place(&self) -> Place {
        Place { template: self.template.to_string(), line: self.line }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) source: String,
    pub(super) origin: Origin,
}

/// What a block tag does to the nesting of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nesting {
    Opens,
    Continues,
    Closes,
    Alone,
}

impl Piece {
    pub(super) fn is_tag(&self) -> bool {
        self.kind != Kind::Text
    }

    /// What stands between the delimiters: `x | upper` of `{{- x | upper -}}`.
    pub(super) fn inner(&self) -> &str {
        let inside = self.source.get(2..self.source.len().saturating_sub(2)).unwrap_or_default();
        inside.trim_matches(['-', '+']).trim()
    }

    /// The first word: `for` of `{% for x in xs %}`.
    pub(super) fn keyword(&self) -> &str {
        let inner = self.inner();
        let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        &inner[..end]
    }

    pub(super) fn nesting(&self) -> Nesting {
        match self.keyword() {
            "set" if !self.inner().contains('=') => Nesting::Opens,
            "for" | "if" | "with" | "filter" | "macro" | "call" | "block" | "autoescape" => {
                Nesting::Opens
            }
            "else" | "elif" => Nesting::Continues,
            word if word.starts_with("end") => Nesting::Closes,
            _ => Nesting::Alone,
        }
    }
}

/// Cuts `source`, whose syntax has been checked, into pieces; comments are left out.
pub(super) fn lex(template: &str, source: &str) -> Vec<Piece> {
    let template: Arc<str> = template.into();
    let mut pieces = Vec::new();
    let mut line = 1;
    let mut rest = source;
    while !rest.is_empty() {
        let at = opener(rest).unwrap_or(rest.len());
        let (text, tag) = rest.split_at(at);
        push(&mut pieces, Kind::Text, text, &template, line);
        line += text.matches('\n').count();
        if tag.is_empty() {
            break;
        }
        let (kind, mut end) = match &tag[..2] {
            "{{" => (Some(Kind::Output), end_of_expression(tag, "}}")),
            "{%" => (Some(Kind::Block), end_of_expression(tag, "%}")),
            _ => (None, tag.find("#}").map_or(tag.len(), |at| at + 2)),
        };
        match kind {
            Some(Kind::Block) if is_keyword(&tag[..end], "raw") => {
                let (content, after) = raw_content(tag, end);
                push(&mut pieces, Kind::Text, content, &template, line);
                end = after;
            }
            Some(kind) => push(&mut pieces, kind, &tag[..end], &template, line),
            // a comment with a line to itself takes the line with it
            None if text.is_empty() || text.ends_with('\n') => {
                end += usize::from(tag[end..].starts_with('\n'));
            }
            None => {}
        }
        line += tag[..end].matches('\n').count();
        rest = &tag[end..];
    }
    pieces
}

fn push(pieces: &mut Vec<Piece>, kind: Kind, source: &str, template: &Arc<str>, line: usize) {
    if !source.is_empty() {
        let origin = Origin { template: Arc::clone(template), line };
        pieces.push(Piece { kind, source: source.to_owned(), origin });
    }
}

/// Where the first tag starts.
fn opener(text: &str) -> Option<usize> {
    ["{{", "{%", "{#"].iter().filter_map(|open| text.find(open)).min()
}

/// Where the tag that `tag` starts with ends, minding quotes and braces inside it.
fn end_of_expression(tag: &str, close: &str) -> usize {
    let bytes = tag.as_bytes();
    let (mut at, mut depth, mut quote) = (2, 0_usize, None);
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, _) if depth == 0 && tag[at..].starts_with(close) => return at + 2,
            (None, b'{') => depth += 1,
            (None, b'}') => depth = depth.saturating_sub(1),
            (Some(_) | None, _) => {}
        }
        at += 1;
        while at < tag.len() && !tag.is_char_boundary(at) {
            at += 1;
        }
    }
    tag.len()
}

fn is_keyword(tag: &str, word: &str) -> bool {
    tag.trim_start_matches(['{', '%', '-', '+'])
        .trim_end_matches(['}', '%', '-', '+'])
        .trim()
        .eq(word)
}

/// The content of the raw block that starts `tag`, and where what follows the block starts.
fn raw_content(tag: &str, start: usize) -> (&str, usize) {
    let mut from = start;
    while let Some(at) = tag[from..].find("{%").map(|at| from + at) {
        let end = end_of_expression(&tag[at..], "%}") + at;
        if is_keyword(&tag[at..end], "endraw") {
            return (&tag[start..at], end);
        }
        from = at + 2;
    }
    (&tag[start..], tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(source: &str) -> Vec<(Kind, String, usize)> {
        lex("t", source)
            .into_iter()
            .map(|piece| (piece.kind, piece.source, piece.origin.line))
            .collect()
    }

    #[test]
    fn quotes_and_braces_inside_a_tag_do_not_end_it() {
        let tag = r#"{{ {"a": {"b": "}}"}} | first }}"#;
        assert_eq!(
            cut(&format!("é\n{tag}x")),
            [
                (Kind::Text, "é\n".into(), 1),
                (Kind::Output, tag.into(), 2),
                (Kind::Text, "x".into(), 2)
            ]
        );
    }

    #[test]
    fn raw_is_text_and_comments_are_nothing() {
        assert_eq!(
            cut("{# {{ no }} #}\n{%- raw -%}{{ x }}{% endraw %}{% if y %}"),
            [(Kind::Text, "{{ x }}".into(), 2), (Kind::Block, "{% if y %}".into(), 2)]
        );
    }

    #[test]
    fn an_unfinished_tag_is_the_rest() {
        assert_eq!(cut("{{ 'a\\"), [(Kind::Output, "{{ 'a\\".into(), 1)]);
        assert_eq!(cut("{{ 'é"), [(Kind::Output, "{{ 'é".into(), 1)]);
    }
}
