//! Jinja tags as tokens, so that a conversion carries them along without reading them.
//!
//! A token is a plain word, which survives in text, attributes, URLs and CSS alike. Where a block
//! tag stands between elements it is a comment around the word: parsers move stray text out of
//! tables, never comments.
//!
//! **Invariant:** [`Masked::in_order`] holds after every conversion: the block tags that stand in
//! the content are all there, once, in the order their author wrote.

use std::fmt::Write;
use std::ops::Range;

use super::error::ContentError;
use super::lex::{Kind, Origin, Piece};
use super::scan::{Scanner, State};

/// Text with tokens, and the tags they stand for.
pub(super) struct Masked {
    pub(super) text: String,
    tags: Vec<Piece>,
    /// Occurs nowhere in the author's text; lower case, as parsers fold names.
    prefix: String,
    /// Where the pieces start in `text`.
    starts: Vec<(usize, Origin)>,
}

/// A token in a converted text.
pub(super) struct Found<'a> {
    pub(super) range: Range<usize>,
    pub(super) tag: &'a Piece,
    index: usize,
}

impl Masked {
    /// Masks HTML or MJML.
    pub(super) fn markup(pieces: &[Piece]) -> Result<Self, ContentError> {
        let mut masked = Self::empty(pieces);
        let mut scanner = Scanner::default();
        for piece in pieces {
            masked.starts.push((masked.text.len(), piece.origin.clone()));
            match (piece.kind, scanner.state()) {
                (Kind::Text, _) => {
                    scanner.read(&piece.source);
                    masked.text.push_str(&piece.source);
                }
                (Kind::Block, State::Content) => {
                    let word = masked.word(piece.clone());
                    _ = write!(masked.text, "<!--{word}-->");
                }
                (Kind::Block, State::Tag) => {
                    return Err(misplaced(
                        piece,
                        "between the attributes of an element",
                        ATTRIBUTE,
                    ));
                }
                (Kind::Block, State::Code) => {
                    return Err(misplaced(piece, "in a style sheet", STYLE));
                }
                (Kind::Block | Kind::Output, _) => {
                    let word = masked.word(piece.clone());
                    masked.text.push_str(&word);
                }
            }
        }
        Ok(masked)
    }

    /// Masks Markdown, or plain text: every token is a word.
    pub(super) fn words(pieces: &[Piece]) -> Self {
        let mut masked = Self::empty(pieces);
        for piece in pieces {
            if piece.is_tag() {
                let word = masked.word(piece.clone());
                masked.text.push_str(&word);
            } else {
                masked.text.push_str(&piece.source);
            }
        }
        masked
    }

    fn empty(pieces: &[Piece]) -> Self {
        let mut prefix = "zjq".to_owned();
        while pieces.iter().any(|piece| piece.source.contains(&prefix)) {
            prefix.push('q');
        }
        Self { text: String::new(), tags: Vec::new(), prefix, starts: Vec::new() }
    }

    /// A new token, for `tag`.
    pub(super) fn word(&mut self, tag: Piece) -> String {
        self.tags.push(tag);
        format!("{}{}x", self.prefix, self.tags.len() - 1)
    }

    /// Where the author wrote what is at `offset` of the masked text.
    pub(super) fn origin_at(&self, offset: usize) -> Option<Origin> {
        let after = self.starts.partition_point(|(start, _)| *start <= offset);
        let (start, origin) = self.starts.get(after.saturating_sub(1))?;
        let lines = self.text.get(*start..offset).map_or(0, |text| text.matches('\n').count());
        Some(Origin { line: origin.line + lines, ..origin.clone() })
    }

    /// The next token of `text` at or after `from`, with what conversions put around it.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<Found<'_>> {
        let mut from = from;
        loop {
            let start = text[from..].find(&self.prefix)? + from;
            let number = start + self.prefix.len();
            let digits = text[number..].bytes().take_while(u8::is_ascii_digit).count();
            let end = number + digits;
            from = end;
            let index = text[number..end].parse().ok();
            let tag = index.and_then(|index: usize| Some((index, self.tags.get(index)?)));
            if let Some((index, tag)) = tag.filter(|_| text[end..].starts_with('x')) {
                return Some(Found { range: around(text, start, end + 1), tag, index });
            }
        }
    }

    /// Cuts a converted text into pieces again.
    pub(super) fn unmask(&self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut origin = self.starts.first().map(|(_, origin)| origin.clone());
        origin = origin.or_else(|| self.tags.first().map(|tag| tag.origin.clone()));
        let mut origin = origin.unwrap_or_else(|| Origin { template: "".into(), line: 1 });
        while let Some(found) = self.find(text, at) {
            if at < found.range.start {
                let source = text[at..found.range.start].to_owned();
                pieces.push(Piece { kind: Kind::Text, source, origin });
            }
            origin = found.tag.origin.clone();
            pieces.push(found.tag.clone());
            at = found.range.end;
        }
        if at < text.len() {
            pieces.push(Piece { kind: Kind::Text, source: text[at..].to_owned(), origin });
        }
        pieces
    }

    /// Makes sure that a conversion of the masked text to `html` moved no block tag.
    pub(super) fn in_order(&self, html: &str) -> Result<(), ContentError> {
        let (before, after) = (self.block_order(&self.text), self.block_order(html));
        let moved = before.iter().zip(&after).find(|(was, is)| was != is).map(|(was, _)| *was);
        match moved.or_else(|| before.get(after.len()).copied()) {
            Some(index) => Err(misplaced(&self.tags[index], "here: it would be moved", ELEMENT)),
            None => Ok(()),
        }
    }

    /// Where the block tags that end `html` start, if some do.
    pub(super) fn blocks_at_end(&self, html: &str) -> usize {
        let mut rest = html;
        while let Some(at) = rest.rfind("<!--").filter(|_| rest.ends_with("-->"))
            && self.find(rest, at).is_some_and(|found| found.range == (at..rest.len()))
        {
            rest = rest[..at].trim_end();
        }
        rest.len()
    }

    fn block_order(&self, text: &str) -> Vec<usize> {
        let mut order = Vec::new();
        let mut at = 0;
        while let Some(found) = self.find(text, at) {
            if text[found.range.clone()].starts_with("<!--") {
                order.push(found.index);
            }
            at = found.range.end;
        }
        order
    }
}

/// Widens the word at `start..end` to its comment, or over the value a parser gave a bare word.
fn around(text: &str, start: usize, end: usize) -> Range<usize> {
    if text[..start].ends_with("<!--") && text[end..].starts_with("-->") {
        return start - 4..end + 3;
    }
    start..end + if text[end..].starts_with("=\"\"") { 3 } else { 0 }
}

const ATTRIBUTE: &str = "put it inside the quotes of one attribute";
const STYLE: &str = "put it around the whole `<style>` element, or use `{{ a if b else c }}`";
const ELEMENT: &str = "put it around or inside a whole element";

fn misplaced(tag: &Piece, whereabouts: &'static str, fix: &'static str) -> ContentError {
    ContentError::Misplaced { place: tag.origin.place(), tag: tag.source.clone(), whereabouts, fix }
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn restored(masked: &Masked, text: &str) -> String {
        masked.unmask(text).into_iter().map(|piece| piece.source).collect()
    }

    #[test]
    fn what_is_masked_comes_back() {
        let source =
            r#"<p title="{% if a %}zjq{% endif %}">{% for x in "é" %}{{ x }}{% endfor %}</p>"#;
        let masked = Masked::markup(&lex("t", source)).unwrap();
        insta::assert_snapshot!(masked.text, @r#"<p title="zjqq0xzjqzjqq1x"><!--zjqq2x-->zjqq3x<!--zjqq4x--></p>"#);
        assert_eq!(restored(&masked, &masked.text), source);
    }

    #[test]
    fn a_bare_word_sheds_the_value_a_parser_gave_it() {
        let masked = Masked::markup(&lex("t", "<td {{ a }}>")).unwrap();
        assert_eq!(restored(&masked, "<td zjq0x=\"\">"), "<td {{ a }}>");
    }

    #[test]
    fn a_block_that_would_move_is_refused() {
        let masked = Masked::markup(&lex("t", "<p>{% if a %}\n{% endif %}")).unwrap();
        let moved = masked.in_order("<p><!--zjq1x--><!--zjq0x-->").unwrap_err();
        insta::assert_snapshot!(moved, @"`t` line 1: `{% if a %}` cannot stand here: it would be moved; put it around or inside a whole element");
        let attributes = Masked::markup(&lex("t", "<p\n {% if a %}hidden{% endif %}>"));
        insta::assert_snapshot!(attributes.err().unwrap(), @"`t` line 2: `{% if a %}` cannot stand between the attributes of an element; put it inside the quotes of one attribute");
    }
}
