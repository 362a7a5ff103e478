//! Templates put into each other: includes where they are named, bodies into their layouts.
//!
//! All of it happens before a message is rendered, so the parts that a message is made of are
//! converted together and an included MJML section is MJML still. An include is the template's
//! body alone, without its layout, and sees the variables of the place it is put into.

use super::check::Checker;
use super::error::{ContentError, Place};
use super::html;
use super::lex::{Kind, Origin, Piece, lex};
use super::model::{Format, Library, TemplateSource};
use super::{markdown, mjml};

/// Layouts and includes within each other, at most.
const MAX_DEPTH: usize = 16;

/// Makes one HTML document of `body`, its layouts and their includes.
pub(super) fn compose(
    body: &TemplateSource,
    library: &Library,
    checker: &Checker,
) -> Result<Vec<Piece>, ContentError> {
    let mut composer = Composer { library, checker, chain: Vec::new() };
    let mut pieces = composer.expand(body)?;
    let mut inner = body;
    while let Some(name) = &inner.layout {
        let place = Place { template: inner.name.clone(), line: 1 };
        let layout = composer.enter(name, &place)?;
        pieces = fill(composer.expand(layout)?, layout, &pieces, inner)?;
        inner = layout;
    }
    let pieces = match inner.format {
        Format::Html => pieces,
        Format::Markdown => markdown::to_html(&pieces),
        Format::Mjml => mjml::to_html(&inner.name, &pieces)?,
    };
    Ok(html::document(pieces))
}

struct Composer<'a> {
    library: &'a Library,
    checker: &'a Checker,
    /// The library's templates we are inside of.
    chain: Vec<String>,
}

impl<'a> Composer<'a> {
    /// The template's body in pieces, its includes put in.
    fn expand(&mut self, template: &TemplateSource) -> Result<Vec<Piece>, ContentError> {
        // some editors put a byte order mark first
        let source = template.body.trim_start_matches('\u{feff}');
        self.checker.syntax(&template.name, source)?;
        let mut out = Vec::new();
        for piece in lex(&template.name, source) {
            match piece.keyword() {
                "include" if piece.kind == Kind::Block => {
                    let included = self.include(&piece, template, &out)?;
                    out.extend(included);
                }
                "extends" | "import" | "from" if piece.kind == Kind::Block => {
                    return Err(unsupported(&piece, "give the template a `layout:`, or include"));
                }
                _ => out.push(piece),
            }
        }
        Ok(out)
    }

    fn include(
        &mut self,
        tag: &Piece,
        outer: &TemplateSource,
        before: &[Piece],
    ) -> Result<Vec<Piece>, ContentError> {
        let argument = tag.inner().trim_start_matches("include").trim();
        let optional = argument.strip_suffix("ignore missing").map(str::trim_end);
        let name = optional.unwrap_or(argument);
        let unquoted = ['"', '\'']
            .iter()
            .find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote))
            .filter(|name| !name.contains(['"', '\'']));
        let Some(name) = unquoted else {
            return Err(unsupported(tag, "name one template, in quotes"));
        };
        if optional.is_some() && self.library.get(name).is_none() {
            return Ok(Vec::new());
        }
        let depth = self.chain.len();
        let included = self.enter(name, &tag.origin.place())?;
        let pieces = self.expand(included)?;
        self.chain.truncate(depth);
        adapt(&pieces, included, outer, before)
    }

    fn enter(&mut self, name: &str, place: &Place) -> Result<&'a TemplateSource, ContentError> {
        let template = self.library.get(name).ok_or_else(|| ContentError::NoTemplate {
            place: place.clone(),
            name: name.to_owned(),
            meant: self.library.nearest(name).map(str::to_owned),
        })?;
        let known = self.chain.iter().any(|seen| seen == name);
        self.chain.push(name.to_owned());
        if known {
            return Err(ContentError::Cycle(std::mem::take(&mut self.chain)));
        }
        if self.chain.len() > MAX_DEPTH {
            let chain = std::mem::take(&mut self.chain);
            return Err(ContentError::TooDeep { chain, max: MAX_DEPTH });
        }
        Ok(template)
    }
}

/// Puts `inner` where `layout` says `{{ content }}`.
fn fill(
    pieces: Vec<Piece>,
    layout: &TemplateSource,
    inner: &[Piece],
    template: &TemplateSource,
) -> Result<Vec<Piece>, ContentError> {
    let mut out = Vec::with_capacity(pieces.len() + inner.len());
    let mut filled = false;
    for piece in pieces {
        if is_content(&piece) {
            filled = true;
            let adapted = adapt(inner, template, layout, &out)?;
            out.extend(adapted);
        } else {
            out.push(piece);
        }
    }
    if filled { Ok(out) } else { Err(ContentError::NoContentPlace(layout.name.clone())) }
}

pub(super) fn is_content(piece: &Piece) -> bool {
    let inner = piece.inner();
    let name = inner.split_once('|').filter(|(_, filter)| filter.trim() == "safe");
    piece.kind == Kind::Output && name.map_or(inner, |(name, _)| name.trim_end()) == "content"
}

/// Brings the pieces of `inner` into the format of `outer`, to stand after `before`.
fn adapt(
    pieces: &[Piece],
    inner: &TemplateSource,
    outer: &TemplateSource,
    before: &[Piece],
) -> Result<Vec<Piece>, ContentError> {
    match (inner.format, outer.format) {
        (Format::Markdown, Format::Html) => Ok(markdown::to_html(pieces)),
        (Format::Markdown, Format::Mjml) => Ok(wrap(markdown::to_html(pieces), before)),
        (Format::Html, Format::Mjml) => Ok(wrap(pieces.to_vec(), before)),
        (Format::Html, Format::Markdown) => Ok(pieces.to_vec()),
        (inner, outer) if inner == outer => Ok(pieces.to_vec()),
        (inner_format, outer_format) => Err(ContentError::Mismatch {
            inner: inner.name.clone(),
            inner_format,
            outer: outer.name.clone(),
            outer_format,
        }),
    }
}

fn wrap(mut pieces: Vec<Piece>, before: &[Piece]) -> Vec<Piece> {
    let (open, close) = mjml::wrapping(before);
    if !open.is_empty()
        && let (Some(first), Some(last)) = (pieces.first(), pieces.last())
    {
        let text = |source: &str, origin: &Origin| Piece {
            kind: Kind::Text,
            source: source.to_owned(),
            origin: origin.clone(),
        };
        let (open, close) = (text(open, &first.origin), text(close, &last.origin));
        pieces.insert(0, open);
        pieces.push(close);
    }
    pieces
}

fn unsupported(tag: &Piece, fix: &'static str) -> ContentError {
    ContentError::Unsupported { place: tag.origin.place(), tag: tag.source.clone(), fix }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn template(name: &str, format: Format, layout: Option<&str>, body: &str) -> TemplateSource {
        let layout = layout.map(str::to_owned);
        TemplateSource { name: name.into(), format, layout, body: body.into() }
    }

    fn composed(body: &TemplateSource, library: &[TemplateSource]) -> Result<String, ContentError> {
        let library = library.iter().cloned().collect();
        let pieces = compose(body, &library, &Checker::new())?;
        Ok(pieces.into_iter().map(|piece| piece.source).collect())
    }

    #[test]
    fn a_body_goes_through_all_its_layouts() {
        let html = composed(
            &template("body", Format::Markdown, Some("inner"), "*Hi*\n{% include 'sign' %}"),
            &[
                template("inner", Format::Html, Some("outer"), "<main>{{ content }}</main>"),
                template(
                    "outer",
                    Format::Html,
                    None,
                    "<html><body>{{content | safe}}</body></html>",
                ),
                template("sign", Format::Markdown, None, "**{{ sender.name }}**"),
            ],
        );
        assert_snapshot!(html.unwrap(), @r"
        <html><body><main><p><em>Hi</em>
        <strong>{{ sender.name }}</strong></p>
        </main></body></html>
        ");
    }

    #[test]
    fn what_cannot_work_is_said() {
        use Format::{Html, Markdown, Mjml};
        let wrong = |body: &TemplateSource, library: &[TemplateSource]| {
            composed(body, library).unwrap_err()
        };
        let body = |layout| template("body", Markdown, Some(layout), "a");
        assert_snapshot!(wrong(&body("mian"), &[template("main", Html, None, "{{ content }}")]), @"`body` line 1: there is no template `mian`; did you mean `main`?");
        assert_snapshot!(wrong(&body("main"), &[template("main", Html, None, "<p>")]), @"the layout `main` has no place for the body; write `{{ content }}` there");
        assert_snapshot!(
            wrong(&body("a"), &[
                template("a", Html, Some("b"), "{{ content }}"),
                template("b", Html, Some("a"), "{{ content }}"),
            ]),
            @"templates refer to each other in a circle: a → b → a; break it"
        );
        assert_snapshot!(
            wrong(&template("body", Html, None, "x\n{% include 'a' %}"), &[
                template("a", Html, None, "{% include 'a' ignore missing %}")
            ]),
            @"templates refer to each other in a circle: a → a; break it"
        );
        assert_snapshot!(
            wrong(&template("body", Mjml, Some("main"), "<mj-section/>"), &[template("main", Html, None, "{{ content }}")]),
            @"`body` is mjml and cannot go into `main`, which is html; use templates of one format, or Markdown inside HTML or MJML"
        );
        assert_snapshot!(wrong(&template("body", Html, None, "\n{% include contact.name %}"), &[]), @"`body` line 2: `{% include contact.name %}` is not supported; name one template, in quotes");
        assert_snapshot!(wrong(&template("body", Html, None, "{% extends 'x' %}"), &[]), @"`body` line 1: `{% extends 'x' %}` is not supported; give the template a `layout:`, or include");
        let deep: Vec<_> = (0..20)
            .map(|n| {
                template(&format!("l{n}"), Html, Some(&format!("l{}", n + 1)), "{{ content }}")
            })
            .collect();
        assert!(matches!(wrong(&body("l0"), &deep), ContentError::TooDeep { max: MAX_DEPTH, .. }));
    }
}
