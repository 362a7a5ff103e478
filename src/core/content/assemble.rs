//! Pieces put together to one Jinja template that remembers where each tag was written.

use std::ops::Range;

use super::error::Place;
use super::lex::{Kind, Origin, Piece};

#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) source: String,
    tags: Vec<Tag>,
}

#[derive(Debug)]
pub(super) struct Tag {
    range: Range<usize>,
    origin: Origin,
    /// What stands between the delimiters.
    pub(super) inner: String,
}

impl Tag {
    pub(super) fn place(&self) -> Place {
        self.origin.place()
    }
}

impl Assembled {
    pub(super) fn new(pieces: &[Piece]) -> Self {
        let mut source = String::new();
        let mut tags = Vec::new();
        for piece in pieces {
            let start = source.len();
            if piece.kind == Kind::Text {
                protect(&piece.source, &mut source);
                continue;
            }
            source.push_str(&piece.source);
            let (origin, inner) = (piece.origin.clone(), piece.inner().to_owned());
            tags.push(Tag { range: start..source.len(), origin, inner });
        }
        Self { source, tags }
    }

    /// The tag at `offset` of the source, or else the next one.
    pub(super) fn tag_at(&self, offset: usize) -> Option<&Tag> {
        self.tags.get(self.tags.partition_point(|tag| tag.range.end <= offset))
    }

    /// The first tag on `line`, counted from 1, or after it.
    pub(super) fn tag_on_line(&self, line: usize) -> Option<&Tag> {
        let start = self.source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len);
        self.tag_at(start.sum())
    }
}

/// Writes `text` so that Jinja reads no tag in it.
fn protect(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, brace) = rest.split_at(at);
        out.push_str(before);
        // a brace at the end could make a tag with what follows
        let shown = match brace.as_bytes().get(1) {
            Some(b'{') => "{{",
            Some(b'%') => "{%",
            Some(b'#') => "{#",
            None => "{",
            Some(_) => {
                out.push('{');
                rest = &brace[1..];
                continue;
            }
        };
        out.push_str("{{ '");
        out.push_str(shown);
        out.push_str("' }}");
        rest = &brace[shown.len()..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    #[test]
    fn text_that_looks_like_a_tag_stays_text() {
        let pieces = lex("t", "{% raw %}{{{ a }} {% b %} {# c #} { d } {{% endraw %}{{ 1 + 1 }}");
        let source = Assembled::new(&pieces).source;
        let shown = minijinja::Environment::new().render_str(&source, ()).unwrap();
        assert_eq!(shown, "{{{ a }} {% b %} {# c #} { d } {2");
    }

    #[test]
    fn an_offset_leads_to_the_author_s_line() {
        let assembled = Assembled::new(&lex("t", "a\n{{ x }}\n\n{{ y }}"));
        let at = assembled.source.find('y').unwrap();
        assert_eq!(assembled.tag_at(at).unwrap().place(), Place { template: "t".into(), line: 4 });
        assert_eq!(assembled.tag_on_line(2).unwrap().inner, "x");
        assert!(assembled.tag_on_line(5).is_none());
    }
}
