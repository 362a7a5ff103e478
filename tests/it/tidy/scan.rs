//! Reads Rust just well enough to know which paths a file names and which modules it declares.
//!
//! Comments and literals are not code. Macros are read like other code.

/// A piece of code and the line it stands on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) line: usize,
    pub(super) kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    Word(&'a str),
    /// `::`
    Separator,
    Mark(char),
}

/// A path into the crate: `crate::core::contacts::List` is `["core", "contacts", "List"]`.
#[derive(Debug, PartialEq)]
pub(super) struct Reference {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
}

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kind) = token(rest, first);
        if let Some(kind) = kind {
            tokens.push(Token { line, kind });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length in bytes of what `rest` starts with, and what it is when it is code.
fn token(rest: &str, first: char) -> (usize, Option<Kind<'_>>) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        return (comment(rest), None);
    }
    if let Some(length) = raw_string(rest) {
        return (length, None);
    }
    if rest.starts_with("::") {
        return (2, Some(Kind::Separator));
    }
    match first {
        '"' => (string(rest), None),
        '\'' => (character(rest).unwrap_or(1), None),
        _ if first.is_alphanumeric() || first == '_' => {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (end, Some(Kind::Word(&rest[..end])))
        }
        _ if first.is_whitespace() => (first.len_utf8(), None),
        _ => (first.len_utf8(), Some(Kind::Mark(first))),
    }
}

fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let opening = ["r", "br", "cr"].into_iter().find_map(|prefix| rest.strip_prefix(prefix))?;
    let hashes = opening.len() - opening.trim_start_matches('#').len();
    let body = opening[hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&closing).map_or(body.len(), |at| at + closing.len());
    Some(rest.len() - body.len() + end)
}

/// A character literal; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1);
    }
    chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

/// The crate's paths that a module names, by `root` (`crate`, or the crate's name) or `super`.
pub(super) fn references(tokens: &[Token<'_>], module: &[&str], root: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut braces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let inside = at.checked_sub(1).is_some_and(|at| tokens[at].kind == Kind::Separator);
        follow(tokens, at, &mut braces);
        let leads = kind(tokens, at + 1) == Some(Kind::Separator) && !inside;
        at = match tokens[at].kind {
            Kind::Word(word) if leads && word == root => path(tokens, at + 2, &[], &mut found),
            Kind::Word("super") if leads => {
                let here = module.iter().copied().chain(braces.iter().copied().flatten());
                let mut base: Vec<&str> = here.collect();
                let mut next = at;
                while kind(tokens, next) == Some(Kind::Word("super"))
                    && kind(tokens, next + 1) == Some(Kind::Separator)
                {
                    base.pop();
                    next += 2;
                }
                path(tokens, next, &base, &mut found)
            }
            _ => at + 1,
        };
    }
    found
}

/// The modules that a file declares without a body: the inline modules around it, then its name.
pub(super) fn declared_modules<'a>(tokens: &[Token<'a>]) -> Vec<(usize, Vec<&'a str>)> {
    let mut found = Vec::new();
    let mut braces = Vec::new();
    for at in 0..tokens.len() {
        follow(tokens, at, &mut braces);
        if tokens[at].kind == Kind::Word("mod")
            && let Some(Kind::Word(name)) = kind(tokens, at + 1)
            && kind(tokens, at + 2) == Some(Kind::Mark(';'))
        {
            let path = braces.iter().copied().flatten().chain([name]).collect();
            found.push((tokens[at].line, path));
        }
    }
    found
}

fn kind<'a>(tokens: &[Token<'a>], at: usize) -> Option<Kind<'a>> {
    tokens.get(at).map(|token| token.kind)
}

/// Keeps the open braces: of an inline module its name, of anything else nothing.
fn follow<'a>(tokens: &[Token<'a>], at: usize, braces: &mut Vec<Option<&'a str>>) {
    match tokens[at].kind {
        Kind::Mark('{') => {
            let before = |back| at.checked_sub(back).and_then(|at| kind(tokens, at));
            braces.push(match (before(2), before(1)) {
                (Some(Kind::Word("mod")), Some(Kind::Word(name))) => Some(name),
                _ => None,
            });
        }
        Kind::Mark('}') => {
            braces.pop();
        }
        _ => {}
    }
}

/// Reads the path or the tree of paths at `at`, below `base`; returns where it ends.
fn path(tokens: &[Token<'_>], at: usize, base: &[&str], found: &mut Vec<Reference>) -> usize {
    let mut segments = base.to_vec();
    let mut at = at;
    let mut line = tokens.get(at.saturating_sub(2)).map_or(1, |token| token.line);
    while let Some(token) = tokens.get(at) {
        line = token.line;
        match token.kind {
            Kind::Mark('{') => {
                at += 1;
                while kind(tokens, at).is_some_and(|kind| kind != Kind::Mark('}')) {
                    at = path(tokens, at, &segments, found);
                    // past `as name` and the comma
                    while kind(tokens, at)
                        .is_some_and(|kind| !matches!(kind, Kind::Mark('}' | ',')))
                    {
                        at += 1;
                    }
                    at += usize::from(kind(tokens, at) == Some(Kind::Mark(',')));
                }
                return at + 1;
            }
            Kind::Word("self") => at += 1,
            Kind::Word(word) => {
                segments.push(word);
                at += 1;
            }
            Kind::Mark('*') => {
                segments.push("*");
                at += 1;
            }
            _ => break,
        }
        if kind(tokens, at) != Some(Kind::Separator) {
            break;
        }
        at += 1;
    }
    found.push(Reference { line, path: segments.into_iter().map(str::to_owned).collect() });
    at
}

#[test]
fn a_path_is_found_wherever_it_stands() {
    let text = r##"
// crate::no::comment
use crate::{a::{B, c::*}, d::{self, E as F}};
const S: &str = "crate::no::string"; const R: &str = r#"crate::"no"::raw"#;
fn f<'x>(c: char) -> crate::g::H<'x> { if c == '"' { super::i() } else { '\'' } }
mod inner { use super::super::j::K; use super::own; }
"##;
    let found: Vec<String> = references(&tokens(text), &["m", "n"], "crate")
        .iter()
        .map(|reference| format!("{} {}", reference.line, reference.path.join("::")))
        .collect();
    assert_eq!(
        found,
        ["3 a::B", "3 a::c::*", "3 d", "3 d::E", "5 g::H", "5 m::i", "6 m::j::K", "6 m::n::own"]
    );
}

#[test]
fn a_declared_module_is_found_with_what_is_around_it() {
    let text = "pub mod a; /* mod no; */ mod b { pub(crate) mod c; } mod d {}";
    let found = declared_modules(&tokens(text));
    assert_eq!(found, [(1, vec!["a"]), (1, vec!["b", "c"])]);
}
