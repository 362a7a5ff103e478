//! Text: what counts as the same word, and which word was probably meant.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The form in which names are compared: composed (NFKC), lower case, trimmed.
pub fn fold(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The form in which addresses are compared: folded, with the domain in its ASCII form, and without
/// quotes that need not be there: `"ana"@…` is `ana@…` (RFC 5321, 4.1.2).
///
/// It does not judge the address: what cannot be converted stays as folding left it.
pub fn fold_address(address: &str) -> String {
    let folded = fold(address);
    if folded.is_ascii() && !folded.contains("xn--") && !folded.starts_with('"') {
        return folded; // as most are: nothing is left to bring to one form
    }
    match folded.rsplit_once('@') {
        Some((local, domain)) => match idna::domain_to_ascii(domain) {
            Ok(domain) => format!("{}@{domain}", plain_local(local)),
            Err(_) => folded,
        },
        None => folded,
    }
}

/// A quoted local part with as few quotes and backslashes as it can be written with; any other as it
/// is.
fn plain_local(local: &str) -> Cow<'_, str> {
    let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return local.into();
    };
    let (mut text, mut escaped) = (String::new(), false);
    for c in quoted.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return local.into(),
            _ => {
                escaped = false;
                text.push(c);
            }
        }
    }
    if escaped {
        return local.into();
    }
    let is_atom = |part: &str| !part.is_empty() && part.chars().all(is_atom_char);
    if text.split('.').all(is_atom) {
        return text.into();
    }
    let marked = text.chars().flat_map(|c| {
        let mark = matches!(c, '"' | '\\').then_some('\\');
        mark.into_iter().chain([c])
    });
    format!("\"{}\"", marked.collect::<String>()).into()
}

/// Whether a character may stand in a local part that is not quoted, beside dots: an `atext` of RFC
/// 5322, or what RFC 6531 adds to it.
pub fn is_atom_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || !(c.is_ascii() || c.is_whitespace())
}

/// The candidate that `word` was probably meant to be, if one is near enough to suggest.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_folded_form() {
        for same in [
            "Ana.Núñez@Café.Example",
            " ana.núñez@CAFÉ.example ",
            "ana.nu\u{301}n\u{303}ez@xn--caf-dma.example",
        ] {
            assert_eq!(fold_address(same), "ana.núñez@xn--caf-dma.example");
        }
    }

    #[test]
    fn quotes_are_kept_where_they_are_needed() {
        for (text, folded) in [
            ("\"Ana\"@x.example", "ana@x.example"),
            (r#""a\na"@x.example"#, "ana@x.example"),
            ("\"ana.ruiz\"@x.example", "ana.ruiz@x.example"),
            ("\"Ana Ruiz\"@x.example", "\"ana ruiz\"@x.example"),
            ("\"a..b\"@x.example", "\"a..b\"@x.example"),
            ("\"a@b\"@x.example", "\"a@b\"@x.example"),
            (r#""a\ b\"c"@x.example"#, r#""a b\"c"@x.example"#),
            ("\"\"@x.example", "\"\"@x.example"),
            (r#""a\"@x.example"#, r#""a\"@x.example"#),
        ] {
            assert_eq!(fold_address(text), folded);
            assert_eq!(fold_address(folded), folded, "once is enough");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let keys = ["subject", "preheader", "template"];
        assert_eq!(nearest("subjcet", keys), Some("subject"));
        assert_eq!(nearest("budget", keys), None);
    }
}
