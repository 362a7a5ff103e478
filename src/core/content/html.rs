//! The HTML part: a whole document, its CSS inlined, its preheader hidden at the top.

use css_inline::{CSSInliner, InlineOptions};

use super::compose::is_content;
use super::error::ContentError;
use super::lex::{Kind, Piece, lex};
use super::mask::Masked;

/// What stands around a body that is no document itself.
const DOCUMENT: &str = include_str!("document.html");
const PREHEADER: &str = "display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;\
    line-height:1px;opacity:0";

/// Puts pieces of HTML into a document, unless they are one.
pub(super) fn document(pieces: Vec<Piece>) -> Vec<Piece> {
    let is_document = pieces.iter().filter(|piece| !piece.is_tag()).any(|piece| {
        let text = piece.source.to_ascii_lowercase();
        text.contains("<html") || text.contains("<body")
    });
    if is_document {
        return pieces;
    }
    let mut body = Some(pieces);
    lex("document", DOCUMENT)
        .into_iter()
        .flat_map(|piece| match body.take_if(|_| is_content(&piece)) {
            Some(body) => body,
            None => vec![piece],
        })
        .collect()
}

/// Inlines the style sheets of `pieces`. Nothing is loaded: what links to a style sheet stays a
/// link. Rules that cannot be inlined (media queries, `:hover`) stay in `<style>`.
pub(super) fn inline_css(
    template: &str,
    pieces: &[Piece],
) -> Result<(Masked, String), ContentError> {
    let masked = Masked::markup(pieces)?;
    let options = InlineOptions {
        keep_link_tags: true,
        keep_at_rules: true,
        remove_inlined_selectors: true,
        load_remote_stylesheets: false,
        ..InlineOptions::default()
    };
    let html = CSSInliner::new(options).inline(&masked.text).map_err(|error| {
        ContentError::Css { template: template.to_owned(), detail: error.to_string() }
    })?;
    let mut html = loops_inside_bodies(&masked, html);
    if !html.contains("<!DOCTYPE") {
        html.insert_str(0, "<!DOCTYPE html>");
    }
    masked.in_order(&html)?;
    Ok((masked, html))
}

/// Moves block tags into the `<tbody>` that the parser added around an author's rows.
fn loops_inside_bodies(masked: &Masked, mut html: String) -> String {
    const BODY: &str = "<tbody>";
    if masked.text.contains("<tbody") {
        return html;
    }
    let mut from = 0;
    while let Some(body) = html[from..].find(BODY).map(|at| from + at) {
        from = body + BODY.len();
        // the end of `<table …>`, or of what else stands before the tags
        let before = html[..body].trim_end_matches(|c: char| c.is_whitespace());
        let start = masked.blocks_at_end(before);
        if start < before.len() {
            html.replace_range(body..from, "");
            html.insert_str(start, BODY);
        }
    }
    html
}

/// Puts `{{ preheader }}`, hidden, first into the body, unless the author shows it somewhere.
pub(super) fn add_preheader(
    template: &str,
    masked: &mut Masked,
    html: &mut String,
    pieces: &[Piece],
) {
    let shown = pieces.iter().any(|piece| piece.is_tag() && piece.inner().contains("preheader"));
    let body = html.find("<body").and_then(|at| Some(end_of_tag(&html[at..])? + at));
    let tag = lex(template, "{{ preheader }}").into_iter().find(|piece| piece.kind == Kind::Output);
    if let (false, Some(at), Some(tag)) = (shown, body, tag) {
        let word = masked.word(tag);
        html.insert_str(at, &format!("<div style=\"{PREHEADER}\">{word}</div>"));
    }
}

/// Where the tag that `html` starts with ends, minding quotes.
pub(super) fn end_of_tag(html: &str) -> Option<usize> {
    let mut quoted = false;
    html.bytes()
        .position(|byte| {
            quoted ^= byte == b'"';
            byte == b'>' && !quoted
        })
        .map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn inlined(source: &str, preheader: bool) -> String {
        let pieces = lex("t", source);
        let (mut masked, mut html) = inline_css("t", &pieces).unwrap();
        if preheader {
            add_preheader("t", &mut masked, &mut html, &pieces);
        }
        masked.unmask(&html).into_iter().map(|piece| piece.source).collect()
    }

    #[test]
    fn rules_go_to_their_elements_and_the_rest_stays() {
        assert_snapshot!(inlined("<html><head><link rel=stylesheet href='file:///etc/passwd'><style>p { color: {{ c }} } a:hover { color: red } @media print { p { color: black } }</style></head><body><p style='margin:{{ m }}px'>a</p></body></html>", false), @r#"
        <!DOCTYPE html><html><head><link rel="stylesheet" href="file:///etc/passwd"><style>a:hover { color: red; }
        @media print { p { color: black } }</style></head><body><p style="color: {{ c }};margin: {{ m }}px">a</p></body></html>
        "#);
    }

    #[test]
    fn loops_stay_inside_tables_and_tags_inside_attributes() {
        assert_snapshot!(inlined("<body><table>{% for x in xs %} {% if x %}<tr><td title=\"{% if x %}{{ x | d(\"1 > 0\") }}{% endif %}\">{{ x }}</td></tr>{% endif %}{% endfor %}</table><a href={{ unsubscribe_url }}>x</a></body>", false), @r#"<!DOCTYPE html><html><head></head><body><table><tbody>{% for x in xs %} {% if x %}<tr><td title="{% if x %}{{ x | d("1 > 0") }}{% endif %}">{{ x }}</td></tr>{% endif %}{% endfor %}</tbody></table><a href="{{ unsubscribe_url }}">x</a></body></html>"#);
    }

    #[test]
    fn the_preheader_is_hidden_once() {
        assert_snapshot!(inlined("<html><body title='a > b'><p>x</p></body></html>", true), @r#"<!DOCTYPE html><html><head></head><body title="a > b"><div style="display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;opacity:0">{{ preheader }}</div><p>x</p></body></html>"#);
        assert!(!inlined("<body>{{ preheader }}</body>", true).contains("mso-hide"));
    }
}
