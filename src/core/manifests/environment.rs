//! `${NAME}`: values from the environment of whoever sends a manifest, in the fields that say so.
//!
//! `${NAME:-default}` has a default, which also takes the place of an empty value; `$${` is a `${`
//! of the text's own. The values come along with the file, named by it, so that a server never
//! looks into its own environment. **Invariant:** what is called like a secret is no value: it would
//! be stored in plain; a password is named where it is used.

use super::rules::variable;

/// Words in the names of variables that hold secrets.
const SECRET: [&str; 7] =
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY", "CREDENTIAL"];

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Literal(&'a str),
    Variable { name: &'a str, default: Option<&'a str>, at: Range },
}

/// Which characters of a text, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: usize,
    pub(super) width: usize,
}

/// Why a text has no pieces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) at: Range,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

/// The pieces of a text; a text without `${` is one piece.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Malformed> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let start = |rest: &str| text[..text.len() - rest.len()].chars().count();
    while let Some(found) = rest.find("${") {
        if let Some(before) = rest[..found].strip_suffix('$') {
            pieces.extend([Piece::Literal(before), Piece::Literal("${")]);
            rest = &rest[found + 2..];
            continue;
        }
        pieces.push(Piece::Literal(&rest[..found]));
        let (start, inner) = (start(&rest[found..]), &rest[found + 2..]);
        let Some(end) = inner.find('}') else {
            return Err(Malformed {
                at: Range { start, width: 2 },
                message: "this `${` is not closed",
                help: "write `${NAME}`, or `$${` for the text itself",
            });
        };
        let at = Range { start, width: inner[..end].chars().count() + 3 };
        let (name, default) = match inner[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&inner[..end], None),
        };
        if variable(name).is_err() {
            return Err(Malformed {
                at,
                message: "this is not the name of an environment variable",
                help: "write `${NAME}` or `${NAME:-default}`, or `$${` for the text itself",
            });
        }
        pieces.push(Piece::Variable { name, default, at });
        rest = &inner[end + 1..];
    }
    pieces.push(Piece::Literal(rest));
    pieces.retain(|piece| *piece != Piece::Literal(""));
    Ok(pieces)
}

/// Whether a variable of this name holds what must not be written down.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match pieces(text) {
            Ok(pieces) => {
                let shown: Vec<String> = pieces.iter().map(|piece| format!("{piece:?}")).collect();
                shown.join(" ")
            }
            Err(error) => format!("{}+{}: {}", error.at.start, error.at.width, error.message),
        }
    }

    #[test]
    fn a_text_has_variables_defaults_and_escapes() {
        insta::assert_snapshot!(told("plain $HOME { } $"), @r#"Literal("plain $HOME { } $")"#);
        insta::assert_snapshot!(told("ñ${A}b${C_1:-d:-e}"), @r#"Literal("ñ") Variable { name: "A", default: None, at: Range { start: 1, width: 4 } } Literal("b") Variable { name: "C_1", default: Some("d:-e"), at: Range { start: 6, width: 12 } }"#);
        insta::assert_snapshot!(told("$${A}${B:-}"), @r#"Literal("${") Literal("A}") Variable { name: "B", default: Some(""), at: Range { start: 5, width: 6 } }"#);
        insta::assert_snapshot!(told("ñ${A"), @"1+2: this `${` is not closed");
        insta::assert_snapshot!(told("${}"), @"0+3: this is not the name of an environment variable");
        insta::assert_snapshot!(told("a${A-b}"), @"1+6: this is not the name of an environment variable");
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in ["SMTP_PASSWORD", "github_token", "S3_SECRET", "X_API_KEY"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["SMTP_HOST", "KEY", "PASS_THROUGH", "SENDER"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
