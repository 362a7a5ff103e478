//! A message, compiled once and rendered for any number of contacts.

use std::io::{self, Write};
use std::string::FromUtf8Error;

use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value, context};
use serde::Serialize;

use super::assemble::{Assembled, Tag};
use super::check::Checker;
use super::compose::compose;
use super::engine::{HTML, environment};
use super::error::{ContentError, RenderError, RenderPlace};
use super::html::{add_preheader, inline_css};
use super::lex::{Kind, Piece, lex};
use super::mask::Masked;
use super::model::{Library, MessageSource, Part, Rendered};
use super::{text_part, tidy};

/// Bytes of one rendered part, at most.
const MAX_BYTES: usize = 1 << 20;

/// A message ready to be rendered: parsed, converted, checked. Share it between threads.
#[derive(Debug)]
pub struct Compiled {
    env: Environment<'static>,
    subject: Template,
    preheader: Option<Template>,
    html: Template,
    text: Template,
    /// The text part was derived, so it may be wrapped.
    derived: bool,
}

#[derive(Debug)]
struct Template {
    part: Part,
    assembled: Assembled,
}

impl Compiled {
    /// Compiles `message` with the layouts and includes of `library`.
    ///
    /// # Errors
    /// What is wrong for every contact: see [`ContentError`].
    pub fn compile(message: &MessageSource, library: &Library) -> Result<Self, ContentError> {
        let checker = Checker::new();
        let plain = |source: &str| {
            checker.syntax(&message.name, source)?;
            let pieces = lex(&message.name, source);
            checker.names(&pieces)?;
            Ok(pieces)
        };
        let subject = plain(&message.subject)?;
        let preheader = message.preheader.as_deref().map(plain).transpose()?;

        let body = &message.body;
        let pieces = compose(body, library, &checker)?;
        checker.names(&pieces)?;
        let (mut masked, mut html) = inline_css(&body.name, &pieces)?;
        let text = match &message.text {
            Some(text) => own_lines(&plain(text)?),
            None => text_part::derive(&html, &masked),
        };
        if preheader.is_some() {
            add_preheader(&body.name, &mut masked, &mut html, &pieces);
        }

        let mut env = environment();
        let mut add = |part, pieces: &[Piece]| Template::add(&mut env, part, pieces);
        let subject = add(Part::Subject, &subject)?;
        let preheader = preheader.map(|pieces| add(Part::Preheader, &pieces)).transpose()?;
        let html = add(Part::Html, &masked.unmask(&html))?;
        let text = add(Part::Text, &text)?;
        Ok(Self { env, subject, preheader, html, text, derived: message.text.is_none() })
    }

    /// Renders the message for one contact; `vars` is a [`Variables`](super::Variables), or
    /// anything that serialises to the same names.
    ///
    /// # Errors
    /// What is wrong for this contact: see [`RenderError`].
    pub fn render(&self, vars: &impl Serialize) -> Result<Rendered, RenderError> {
        let vars = Value::from(Serde(vars));
        if vars.kind() == ValueKind::Invalid {
            return Err(RenderError::BadValues(format!("{vars:?}")));
        }
        let subject = tidy::one_line(&self.subject.render(&self.env, &vars)?);
        let preheader = match &self.preheader {
            Some(template) => Some(tidy::one_line(&template.render(&self.env, &vars)?)),
            None => None,
        };
        let vars = context! {
            subject => &subject,
            preheader => preheader.as_deref().unwrap_or_default(),
            ..vars
        };
        let html = self.html.render(&self.env, &vars)?;
        let mut text = self.text.render(&self.env, &vars)?;
        if self.derived {
            text = tidy::wrap(&text, tidy::COLUMNS);
        }
        Ok(Rendered { subject, preheader, html, text: tidy::paragraphs(&text) })
    }
}

impl Template {
    fn add(
        env: &mut Environment<'static>,
        part: Part,
        pieces: &[Piece],
    ) -> Result<Self, ContentError> {
        let assembled = Assembled::new(pieces);
        env.add_template_owned(name(part), assembled.source.clone())
            .map_err(|error| ContentError::Lost { part, detail: error.to_string() })?;
        Ok(Self { part, assembled })
    }

    fn render(&self, env: &Environment<'static>, vars: &Value) -> Result<String, RenderError> {
        let mut out = Bounded(Vec::with_capacity(self.assembled.source.len() * 5 / 4));
        let template = env.get_template(name(self.part)).map_err(|error| self.failed(&error))?;
        template.render_captured_to(vars.clone(), &mut out).map_err(|error| self.failed(&error))?;
        let lossy = |bad: FromUtf8Error| String::from_utf8_lossy(bad.as_bytes()).into_owned();
        Ok(String::from_utf8(out.0).unwrap_or_else(lossy))
    }

    fn failed(&self, error: &Error) -> RenderError {
        let tag = match error.range() {
            Some(range) => self.assembled.tag_at(range.start),
            None => error.line().and_then(|line| self.assembled.tag_on_line(line)),
        };
        let at = RenderPlace { part: self.part, place: tag.map(Tag::place) };
        let undefined = error.detail().and_then(undefined_name);
        match error.kind() {
            ErrorKind::OutOfFuel => RenderError::TooMuchWork { at },
            ErrorKind::WriteFailure => RenderError::TooLarge { part: self.part, max: MAX_BYTES },
            ErrorKind::UndefinedError => RenderError::Undefined {
                name: undefined
                    .or_else(|| tag.map(|tag| tag.inner.as_str()))
                    .unwrap_or("a variable")
                    .to_owned(),
                at,
            },
            // the engine has no kind of its own for this
            _ if error.detail().is_some_and(|detail| detail.starts_with("recursion limit")) => {
                RenderError::TooMuchWork { at }
            }
            _ => match undefined {
                Some(name) => RenderError::Undefined { name: name.to_owned(), at },
                None => RenderError::Failed {
                    detail: error.detail().map_or_else(|| error.to_string(), str::to_owned),
                    at,
                },
            },
        }
    }
}

/// The engine's name of a part's template.
fn name(part: Part) -> &'static str {
    match part {
        Part::Subject => "subject",
        Part::Preheader => "preheader",
        Part::Html => HTML,
        Part::Text => "text",
    }
}

/// `x.y` of "`x.y` is undefined", which is how the engine words it.
fn undefined_name(detail: &str) -> Option<&str> {
    let (before, _) = detail.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, name)| name)
}

/// Takes the line breaks from lines of a text part that hold block tags only.
fn own_lines(pieces: &[Piece]) -> Vec<Piece> {
    let masked = Masked::words(pieces);
    let mut out = String::with_capacity(masked.text.len());
    for line in masked.text.split_inclusive('\n') {
        let pieces = masked.unmask(line.trim());
        let only_blocks = pieces.iter().all(|piece| {
            piece.kind == Kind::Block || !piece.is_tag() && piece.source.trim().is_empty()
        });
        out.push_str(if only_blocks && !pieces.is_empty() { line.trim() } else { line });
    }
    masked.unmask(&out)
}

/// A buffer that refuses to grow beyond [`MAX_BYTES`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
