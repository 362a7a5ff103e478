//! MJML to HTML. Nothing is loaded from anywhere, and no web font is added that the author did not
//! ask for with `<mj-font>`.

use std::collections::HashMap;

use mrml::prelude::parser::{Error, ParserOptions};
use mrml::prelude::render::RenderOptions;

use super::error::{ContentError, Place};
use super::html::end_of_tag;
use super::lex::{Kind, Piece};
use super::mask::Masked;
use crate::core::kernel::nearest;

pub(super) fn to_html(template: &str, pieces: &[Piece]) -> Result<Vec<Piece>, ContentError> {
    let is_document = pieces.iter().any(|piece| !piece.is_tag() && piece.source.contains("<mjml"));
    if !is_document {
        return Err(ContentError::MjmlFragment(template.to_owned()));
    }
    let masked = Masked::markup(pieces)?;
    check_elements(template, &masked)?;
    let document = mrml::parse_with_options(&masked.text, &ParserOptions::default())
        .map_err(|error| parse_error(template, &masked, &error))?;
    let options = RenderOptions { fonts: HashMap::new(), ..RenderOptions::default() };
    let html = document.element.render(&options).map_err(|error| ContentError::Mjml {
        place: Place { template: template.to_owned(), line: 1 },
        detail: format!("the MJML cannot be drawn: {error}"),
    })?;
    masked.in_order(&html)?;
    Ok(masked.unmask(&html))
}

/// Reports what the parser lets pass: an element it does not know, which the mail would lack, and
/// one that another's tag closes.
fn check_elements(template: &str, masked: &Masked) -> Result<(), ContentError> {
    let wrong = |at, detail| ContentError::Mjml { place: place(template, masked, at), detail };
    let mut open = Vec::new();
    for (at, tag, whole) in tags(&masked.text) {
        let name = tag.trim_start_matches('/');
        if !ELEMENTS.contains(&name) {
            let hint = match nearest(name, ELEMENTS) {
                Some(name) => format!("did you mean `<{name}>`?"),
                None => "see the MJML reference".to_owned(),
            };
            return Err(wrong(at, format!("there is no MJML element `<{name}>`; {hint}")));
        }
        if whole {
            continue;
        }
        if name == tag {
            open.push(name);
        } else if let Some(last) = open.pop().filter(|last| *last != name) {
            return Err(wrong(at, format!("`</{name}>` stands where `</{last}>` is missing")));
        }
    }
    Ok(())
}

/// The MJML tags of `text`: where they start, `mj-text` or `/mj-text`, and if they close themselves.
fn tags(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    text.match_indices('<').filter_map(|(at, _)| {
        let tag = &text[at + 1..];
        let known = tag.trim_start_matches('/').starts_with("mj-");
        let name = |c: char| c.is_alphanumeric() || c == '-' || c == '/';
        let end = known.then(|| end_of_tag(tag).unwrap_or(tag.len()))?;
        let inside = tag[..end].trim_end_matches('>');
        let length = inside.find(|c| !name(c)).unwrap_or(inside.len());
        Some((at, tag[..length].trim_end_matches('/'), inside.ends_with('/')))
    })
}

fn place(template: &str, masked: &Masked, offset: usize) -> Place {
    let place = masked.origin_at(offset).map(|origin| origin.place());
    place.unwrap_or_else(|| Place { template: template.to_owned(), line: 1 })
}

const ELEMENTS: [&str; 33] = [
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-include",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
    "mj-wrapper",
];

fn parse_error(template: &str, masked: &Masked, error: &Error) -> ContentError {
    let (offset, detail) = match error {
        Error::UnexpectedElement { position, .. } => (
            position.start,
            format!(
                "`{}` cannot stand here; see the MJML reference",
                element(masked, position.start)
            ),
        ),
        Error::MissingAttribute { name, position, .. } => {
            (position.start, format!("`{}` needs `{name}=\"…\"`", element(masked, position.start)))
        }
        Error::UnexpectedToken { position, .. } => {
            (position.start, "the MJML cannot be read from here on; is a tag left open?".to_owned())
        }
        Error::InvalidAttribute { position, .. } => (
            position.start,
            "this attribute has no value in quotes; write `name=\"value\"`".to_owned(),
        ),
        Error::InvalidFormat { position, .. } => {
            (position.start, "this is not well-formed MJML; correct it".to_owned())
        }
        Error::IncludeLoaderError { position, .. } => (
            position.start,
            "`<mj-include>` loads nothing; write `{% include \"name\" %}`".to_owned(),
        ),
        Error::ParserError { source, .. } => {
            let row = source.pos().row as usize;
            let lines = masked.text.split_inclusive('\n').take(row.saturating_sub(1));
            (lines.map(str::len).sum(), format!("this is not well-formed MJML: {source}"))
        }
        Error::EndOfStream { .. } => {
            (masked.text.len(), "the MJML ends too early; is a tag left open?".to_owned())
        }
        Error::SizeLimit { .. } => (0, "the MJML is too large; make it shorter".to_owned()),
        Error::NoRootNode => (0, "the MJML has no `<mjml>` element; add one".to_owned()),
    };
    ContentError::Mjml { place: place(template, masked, offset), detail }
}

/// The name of the element around `offset`, as `<name>`.
fn element(masked: &Masked, offset: usize) -> String {
    let rest = masked.text.get(offset..).unwrap_or_default();
    let name: String = rest
        .trim_start_matches(['<', '/'])
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '-')
        .collect();
    format!("<{name}>")
}

/// What HTML needs around it to stand after `before` in MJML.
pub(super) fn wrapping(before: &[Piece]) -> (&'static str, &'static str) {
    let mut open = Vec::new();
    for piece in before.iter().filter(|piece| piece.kind == Kind::Text) {
        for (_, tag, _) in tags(&piece.source).filter(|(_, _, whole)| !whole) {
            if tag.starts_with('/') {
                open.pop();
            } else {
                open.push(tag);
            }
        }
    }
    match open.last().copied() {
        Some("mj-body" | "mj-wrapper") => {
            ("<mj-section><mj-column><mj-text>", "</mj-text></mj-column></mj-section>")
        }
        Some("mj-section" | "mj-group") => ("<mj-column><mj-text>", "</mj-text></mj-column>"),
        Some("mj-column" | "mj-hero") => ("<mj-text>", "</mj-text>"),
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::lex::lex;
    use super::*;

    fn wrong(body: &str) -> ContentError {
        to_html("spring", &lex("spring", body)).unwrap_err()
    }

    #[test]
    fn an_error_names_the_author_s_line() {
        assert_snapshot!(wrong("<mj-section/>"), @"`spring` has MJML sections but no document; give it a `layout:`, or put it in `<mjml><mj-body>…</mj-body></mjml>`");
        assert_snapshot!(wrong("<mjml>\n<mj-body>\n{{ a\n}}<mj-txt/>\n</mj-body></mjml>"), @"`spring` line 4: there is no MJML element `<mj-txt>`; did you mean `<mj-text>`?");
        assert_snapshot!(wrong("<mjml><mj-body>\n<mj-text>a</mj-table></mj-body></mjml>"), @"`spring` line 2: `</mj-table>` stands where `</mj-text>` is missing");
        assert_snapshot!(wrong("<mjml><mj-body>\n\n<mj-section"), @"`spring` line 3: the MJML ends too early; is a tag left open?");
        assert_snapshot!(wrong("<mjml>\n<mj-head><mj-include path='x.css'/></mj-head></mjml>"), @r#"`spring` line 2: `<mj-include>` loads nothing; write `{% include "name" %}`"#);
    }

    #[test]
    fn html_is_wrapped_as_its_place_needs() {
        let wrap = |before: &str| wrapping(&lex("t", before)).0;
        assert_eq!(
            wrap("<mjml><mj-body a='b'><mj-section></mj-section>"),
            "<mj-section><mj-column><mj-text>"
        );
        assert_eq!(wrap("<mjml><mj-body><mj-section><mj-image src='x' />"), "<mj-column><mj-text>");
        assert_eq!(wrap("<mj-body><mj-section><mj-column>"), "<mj-text>");
        assert_eq!(wrap("<mj-section><mj-column><mj-text><p>"), "");
    }
}
