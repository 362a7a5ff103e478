//! Reading: from a text to a checked [`Expression`], or to an error that shows the place.
//!
//! `sqlparser` reads the grammar of SQL, of which the language is a part. Tokens that the language
//! has no use for are refused before it sees them, so that nothing but small trees come out of it;
//! its recursion is limited, and a text is short.

use sqlparser::ast::Expr;
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::check::check;
use super::language::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
use super::model::Expression;
use super::place::{BadExpression, Fault, Place, brief};
use crate::core::contacts::AttributeTypes;

/// Levels of the grammar that `sqlparser` may enter; more than the language needs for its own
/// depth.
const PARSER_DEPTH: usize = 40;
/// Bytes of stack for reading, three times what the deepest text takes in a build that is not
/// optimised; and when there are fewer, how many are taken for the time of it.
const STACK: usize = 12 * 1024 * 1024;

/// Reads an expression. Bare names that are no field are attributes of `attributes`.
///
/// # Errors
/// The first thing that is not of the language, in the order of reading, or a limit.
pub fn parse(text: &str, attributes: &AttributeTypes) -> Result<Expression, BadExpression> {
    stacker::maybe_grow(STACK, STACK, || {
        read(text)
            .and_then(|expression| check(&expression, attributes))
            .map_err(|fault| fault.in_text(text))
    })
}

fn read(text: &str) -> Result<Expr, Fault> {
    if text.len() > MAX_BYTES {
        let message = format!("the expression is {} bytes, more than {MAX_BYTES}", text.len());
        return Err(Fault::new(Place::START, message)
            .help("split it into segments, and name them with in_segment('…')"));
    }
    let grammar = GenericDialect {};
    let tokens = Tokenizer::new(&grammar, text).tokenize_with_location().map_err(|error| {
        let at = Place {
            line: usize::try_from(error.location.line).unwrap_or(1).max(1),
            column: usize::try_from(error.location.column).unwrap_or(1).max(1),
            width: 1,
        };
        match error.message.to_lowercase() {
            message if message.contains("unterminated string") => {
                Fault::new(at, "this text does not end").help("close it with '")
            }
            message => Fault::new(at, message),
        }
    })?;
    allowed(text, &tokens)?;
    let end = end_of(text);
    let mut parser =
        Parser::new(&grammar).with_recursion_limit(PARSER_DEPTH).with_tokens_with_locations(tokens);
    let expression = parser.parse_expr().map_err(|error| {
        let next = Place::of(parser.peek_token_ref().span).unwrap_or(end);
        unreadable(&error, next, end)
    })?;
    let next = parser.peek_token_ref();
    if next.token == Token::EOF {
        return Ok(expression);
    }
    let at = Place::of(next.span).unwrap_or(end);
    Err(Fault::new(at, format!("`{}` was not expected here", brief(&next.token.to_string())))
        .help("put and, or or an operator before it"))
}

/// Checks that every token is one of the language.
fn allowed(text: &str, tokens: &[TokenWithSpan]) -> Result<(), Fault> {
    if let Some(at) = text.find('\0') {
        let line = text[..at].split('\n').count();
        let column = text[..at].rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        return Err(
            Fault::new(Place { line, column, width: 1 }, "a NUL character").help("take it out")
        );
    }
    let (mut open, mut operators) = (0_usize, 0_usize);
    let mut before = &Token::EOF;
    let mut nothing = true;
    for TokenWithSpan { token, span } in tokens {
        let at = Place::of(*span).unwrap_or(Place::START);
        nothing &= matches!(token, Token::Whitespace(_));
        match token {
            Token::Whitespace(
                Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
            ) => {
                return Err(Fault::new(at, "comments are not part of the language")
                    .help("say it in the description of the segment"));
            }
            Token::Whitespace(_) => continue,
            Token::LParen => open += 1,
            Token::RParen => open = open.saturating_sub(1),
            Token::Number(_, false)
            | Token::SingleQuotedString(_)
            | Token::Comma
            | Token::Period => {}
            Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::Gt
            | Token::LtEq
            | Token::GtEq
            | Token::Plus
            | Token::Minus => operators += 1,
            Token::Word(word) => {
                let name = *before == Token::Period || word.quote_style.is_some();
                operators += usize::from(word.keyword != Keyword::NoKeyword && !name);
                if word.quote_style.is_some_and(|quote| quote != '"')
                    || (!name && FOREIGN.contains(&word.keyword))
                {
                    return Err(foreign(token, at));
                }
            }
            token => return Err(foreign(token, at)),
        }
        if open > MAX_DEPTH {
            return Err(too_deep(at));
        }
        if operators > 2 * MAX_NODES {
            return Err(Fault::new(at, format!("there are more than {MAX_NODES} conditions"))
                .help("use in (…), or split it into segments"));
        }
        before = token;
    }
    if nothing {
        return Err(Fault::new(Place::START, "the expression is empty")
            .help("write a condition, as country = 'ES'"));
    }
    Ok(())
}

/// Words that begin what the language has not.
const FOREIGN: [Keyword; 14] = [
    Keyword::SELECT,
    Keyword::WITH,
    Keyword::WHERE,
    Keyword::FROM,
    Keyword::CASE,
    Keyword::CAST,
    Keyword::TRY_CAST,
    Keyword::SAFE_CAST,
    Keyword::CONVERT,
    Keyword::EXISTS,
    Keyword::EXTRACT,
    Keyword::INTERVAL,
    Keyword::ARRAY,
    Keyword::STRUCT,
];

fn foreign(token: &Token, at: Place) -> Fault {
    let help = match token {
        Token::DoubleEq => "write `=`",
        Token::StringConcat => "write `or`",
        Token::Overlap => "write `and`",
        Token::ExclamationMark => "write `not`",
        Token::SemiColon => "write one expression, and nothing after it",
        Token::Placeholder(_) | Token::Question | Token::AtSign | Token::Colon => {
            "write the value itself; it is never pasted into a query"
        }
        Token::Word(word) if word.quote_style.is_some() => "quote names with \", texts with '",
        Token::Word(word) if word.keyword == Keyword::INTERVAL => "write now() - '30d'",
        Token::Word(word) if word.keyword == Keyword::WHERE => "write the conditions alone",
        _ => "there are comparisons, in, like, between, is null, and, or, not, and functions",
    };
    let shown = brief(&token.to_string());
    Fault::new(at, format!("`{shown}` is not part of the language")).help(help)
}

pub(super) fn too_deep(at: Place) -> Fault {
    Fault::new(at, format!("this is nested deeper than {MAX_DEPTH} levels"))
        .help("take parentheses away, or name a part with in_segment('…')")
}

/// What the parser says, at the place it says it.
fn unreadable(error: &ParserError, next: Place, end: Place) -> Fault {
    let words = match error {
        ParserError::RecursionLimitExceeded => return too_deep(next),
        ParserError::TokenizerError(words) | ParserError::ParserError(words) => words,
    };
    let (words, at) = match words.rsplit_once(" at Line: ") {
        Some((words, place)) => (words, placed(place).unwrap_or(next)),
        None => (words.as_str(), end),
    };
    let expected = words.strip_prefix("Expected: ").and_then(|words| words.split_once(", found: "));
    match expected {
        Some((expected, "EOF")) => {
            Fault::new(end, format!("expected {}, found the end", brief(expected)))
        }
        Some((expected, found)) => {
            let message = format!("expected {}, found `{}`", brief(expected), brief(found));
            Fault::new(Place { width: found.chars().count().max(1), ..at }, message)
        }
        None => Fault::new(at, brief(words)),
    }
}

/// `3, Column: 7`
fn placed(text: &str) -> Option<Place> {
    let (line, column) = text.split_once(", Column: ")?;
    let (line, column) = (line.trim().parse().ok()?, column.trim().parse().ok()?);
    (line > 0 && column > 0).then_some(Place { line, column, width: 1 })
}

/// Behind the last character that is not white space.
fn end_of(text: &str) -> Place {
    let text = text.trim_end();
    let line = text.split('\n').count();
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Place { line, column, width: 1 }
}
