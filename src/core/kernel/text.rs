//! Text: what counts as the same word, and which word was probably meant.

use unicode_normalization::UnicodeNormalization;

/// The form in which names are compared: composed (NFKC), lower case, trimmed.
pub fn fold(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The form in which addresses are compared: folded, with the domain in its ASCII form.
///
/// It does not judge the address: what cannot be converted stays as folding left it.
pub fn fold_address(address: &str) -> String {
    let folded = fold(address);
    if folded.is_ascii() && !folded.contains("xn--") {
        return folded; // its domain is in ASCII already
    }
    match folded.rsplit_once('@') {
        Some((local, domain)) => match idna::domain_to_ascii(domain) {
            Ok(domain) => format!("{local}@{domain}"),
            Err(_) => folded,
        },
        None => folded,
    }
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
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let keys = ["subject", "preheader", "template"];
        assert_eq!(nearest("subjcet", keys), Some("subject"));
        assert_eq!(nearest("budget", keys), None);
    }
}
