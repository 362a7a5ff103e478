//! What can be known to be wrong before any contact is looked at: syntax and names.

use minijinja::{Environment, Error, context};

use super::assemble::Assembled;
use super::engine::environment;
use super::error::{ContentError, Place};
use super::lex::{Kind, Piece};
use super::variables;
use crate::core::kernel::nearest;

/// Filters and tests worth suggesting; the engine knows more.
const FILTERS: [&str; 22] = [
    "abs",
    "capitalize",
    "default",
    "escape",
    "first",
    "float",
    "format",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "max",
    "min",
    "replace",
    "round",
    "safe",
    "sort",
    "title",
    "trim",
    "upper",
    "urlencode",
];
const TESTS: [&str; 10] = [
    "defined",
    "undefined",
    "none",
    "number",
    "string",
    "in",
    "eq",
    "startingwith",
    "endingwith",
    "divisibleby",
];
/// Names that the engine gives inside loops and macros.
const SCOPED: [&str; 2] = ["loop", "caller"];

pub(super) struct Checker(Environment<'static>);

impl Checker {
    pub(super) fn new() -> Self {
        Self(environment())
    }

    /// Checks one file of the author's as it stands.
    pub(super) fn syntax(&self, template: &str, source: &str) -> Result<(), ContentError> {
        self.0.template_from_str(source).map(drop).map_err(|error| {
            let place = Place { template: template.to_owned(), line: error.line().unwrap_or(1) };
            syntax(place, &error)
        })
    }

    /// Checks the names that the tags of a whole part use.
    pub(super) fn names(&self, pieces: &[Piece]) -> Result<(), ContentError> {
        for piece in pieces.iter().filter(|piece| piece.is_tag()) {
            self.operators(piece)?;
        }
        let assembled = Assembled::new(pieces);
        let template = self.0.template_from_str(&assembled.source);
        let template = template.map_err(|error| {
            let tag = error.line().and_then(|line| assembled.tag_on_line(line));
            let place = tag.map(super::assemble::Tag::place).or_else(|| first_place(pieces));
            syntax(place.unwrap_or_else(nowhere), &error)
        })?;
        let mut paths: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        paths.sort_unstable();
        for path in paths {
            let root = path.split('.').next().unwrap_or_default();
            if SCOPED.contains(&root) || self.0.globals().any(|(name, _)| name == root) {
                continue;
            }
            variables::find(&path).map_err(|unknown| {
                let user = pieces.iter().filter(|piece| piece.is_tag()).find(|piece| {
                    let mut words = unknown.name.split('.');
                    words.all(|word| tokens(piece.inner()).contains(&word))
                });
                let place = user.map(|piece| piece.origin.place());
                ContentError::Unknown {
                    place: place.or_else(|| first_place(pieces)).unwrap_or_else(nowhere),
                    what: "variable",
                    name: unknown.name,
                    meant: unknown.meant,
                    known: format!("there are {}", unknown.known),
                }
            })?;
        }
        Ok(())
    }

    /// Checks the filters and tests of one tag.
    fn operators(&self, piece: &Piece) -> Result<(), ContentError> {
        let tokens = tokens(piece.inner());
        for (at, name) in tokens.iter().enumerate().skip(1) {
            if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                continue;
            }
            let (what, known) = match (tokens[at - 1], at) {
                ("|", _) => ("filter", &FILTERS[..]),
                ("filter", 1) if piece.kind == Kind::Block => ("filter", &FILTERS[..]),
                ("is", _) if *name != "not" => ("test", &TESTS[..]),
                ("not", 2..) if tokens[at - 2] == "is" => ("test", &TESTS[..]),
                _ => continue,
            };
            if !self.has(what, name) {
                return Err(ContentError::Unknown {
                    place: piece.origin.place(),
                    what,
                    name: (*name).to_owned(),
                    meant: nearest(name, known.iter().copied()).map(str::to_owned),
                    known: format!("there are `{}` and others", known.join("`, `")),
                });
            }
        }
        Ok(())
    }

    fn has(&self, what: &str, name: &str) -> bool {
        self.0
            .compile_expression_owned(format!("name is {what}"))
            .and_then(|expression| expression.eval(context! { name }))
            .is_ok_and(|value| value.is_true())
    }
}

fn syntax(place: Place, error: &Error) -> ContentError {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    ContentError::Syntax { place, detail }
}

fn first_place(pieces: &[Piece]) -> Option<Place> {
    pieces.first().map(|piece| piece.origin.place())
}

fn nowhere() -> Place {
    Place { template: String::new(), line: 1 }
}

/// The words, strings and signs of an expression.
fn tokens(expression: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            '"' | '\'' => end_of_string(rest, first),
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        tokens.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    tokens
}

fn end_of_string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::lex::lex;
    use super::*;

    fn wrong(source: &str) -> ContentError {
        let checker = Checker::new();
        checker
            .syntax("spring", source)
            .and_then(|()| checker.names(&lex("spring", source)))
            .unwrap_err()
    }

    #[test]
    fn a_wrong_tag_is_reported_with_its_line_and_a_hint() {
        assert_snapshot!(wrong("a\n{{ nmae }}"), @"`spring` line 2: there is no variable `nmae`; did you mean `contact.name`?");
        assert_snapshot!(wrong("a\n\n{{ contact.nmae }}"), @"`spring` line 3: there is no variable `contact.nmae`; did you mean `contact.name`?");
        assert_snapshot!(wrong("{{ weather }}"), @"`spring` line 1: there is no variable `weather`; there are `contact`, `campaign`, `sender`, `unsubscribe_url`, `subject`, `preheader`");
        assert_snapshot!(wrong("{{ contact.name | uper }}"), @"`spring` line 1: there is no filter `uper`; did you mean `upper`?");
        assert_snapshot!(wrong("{% if contact.name is not defind %}{% endif %}"), @"`spring` line 1: there is no test `defind`; did you mean `defined`?");
        assert_snapshot!(wrong("a\nb {% if contact.name %}"), @"`spring` line 2: unexpected end of input, expected end of block; correct the Jinja tag");
        assert_snapshot!(wrong("a\n{{ contact.name"), @"`spring` line 2: unexpected end of input, expected end of variable block; correct the Jinja tag");
    }

    #[test]
    fn what_a_template_makes_itself_is_known() {
        let source = "{% set a = 'x | y' %}{% for b in range(3) %}{{ loop.index }}{{ a ~ b }}\
            {% endfor %}{% macro m(c) %}{{ c }}{% endmacro %}{{ m(1) }}\
            {{ contact.attributes.city | default('is it') | upper }}";
        let checker = Checker::new();
        checker.names(&lex("t", source)).unwrap();
    }
}
