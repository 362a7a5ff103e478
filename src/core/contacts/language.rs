//! Languages: tags of BCP 47 (RFC 5646), well formed and in their usual case.

use super::ContactError;

/// Characters of a tag at the most; RFC 5646, 4.4.1 asks for room for 35.
const MAX_CHARS: usize = 35;

/// The languages of two letters there are (ISO 639-1). Those of three are too many to know.
const TWO_LETTERS: &str = "\
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da \
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz \
    ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln \
    lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi \
    pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th \
    ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// What a part of a tag is; parts come in this order (RFC 5646, 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Language,
    /// A further language code, as in `zh-yue`.
    Extended,
    Script,
    Region,
    Variant,
    /// After a letter or digit alone, as in `en-u-ca-buddhist`.
    Extension,
    /// After an `x`.
    Private,
}

/// The tag in its usual case: `es`, `pt-BR`, `zh-Hant-TW`; empty stays empty.
///
/// # Errors
/// [`ContactError::Language`] when it is not well formed, or begins with two letters that are no
/// language.
pub(super) fn language_tag(text: &str) -> Result<String, ContactError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let tag = text.replace('_', "-").to_ascii_lowercase();
    well_formed(&tag)
        .filter(|tag| tag.len() <= MAX_CHARS)
        .ok_or_else(|| ContactError::Language(text.chars().take(40).collect()))
}

/// A tag in lower case, in its usual case; `None` when it is not well formed.
fn well_formed(tag: &str) -> Option<String> {
    let mut written = String::new();
    let (mut last, mut alone) = (Part::Language, false);
    for (at, part) in tag.split('-').enumerate() {
        let kind = if at == 0 { language(part)? } else { next(part, last)? };
        let singleton = part.len() == 1 && last < Part::Private;
        // A letter alone announces what follows it.
        if alone && (singleton || kind < Part::Extension) {
            return None;
        }
        if at > 0 {
            written.push('-');
        }
        match kind {
            Part::Region => written.push_str(&part.to_ascii_uppercase()),
            Part::Script => {
                written.extend([&part[..1].to_ascii_uppercase(), &part[1..]]);
            }
            _ => written.push_str(part),
        }
        (last, alone) = (kind, singleton);
    }
    (!alone).then_some(written)
}

fn language(part: &str) -> Option<Part> {
    let known = match part.len() {
        2 => TWO_LETTERS.split(' ').any(|known| known == part),
        3 => is_alpha(part),
        _ => false,
    };
    known.then_some(Part::Language)
}

/// What `part` is, which follows one that is `last`.
fn next(part: &str, last: Part) -> Option<Part> {
    if part.is_empty() || part.len() > 8 || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let digit_first = part.as_bytes()[0].is_ascii_digit();
    Some(match part.len() {
        _ if last == Part::Private => Part::Private,
        1 if part == "x" => Part::Private,
        1 => Part::Extension,
        _ if last == Part::Extension => Part::Extension,
        3 if is_alpha(part) && last <= Part::Extended => Part::Extended,
        4 if is_alpha(part) && last < Part::Script => Part::Script,
        2 if is_alpha(part) && last < Part::Region => Part::Region,
        3 if part.bytes().all(|byte| byte.is_ascii_digit()) && last < Part::Region => Part::Region,
        4 if digit_first => Part::Variant,
        5..=8 => Part::Variant,
        _ => return None,
    })
}

fn is_alpha(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_kept_in_their_usual_form() {
        for (text, tag) in [
            ("", ""),
            ("ES", "es"),
            ("pt_br", "pt-BR"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("zh-yue-hk", "zh-yue-HK"),
            ("ast", "ast"),
            ("de-CH-1996", "de-CH-1996"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("en-u-ca-buddhist", "en-u-ca-buddhist"),
            ("en-x-us", "en-x-us"),
        ] {
            assert_eq!(language_tag(text).unwrap(), tag);
        }
        for bad in [
            "Español",
            "spanish",
            "jp",
            "e",
            "es-",
            "-es",
            "es--mx",
            "es-a",
            "es-x",
            "es-MX-Latn",
            "es-mexicanisimo",
            "es-m",
            "es mx",
            "en-a-b",
            "es-MX-AR",
            "1s",
            "es-x-x23456789",
        ] {
            assert!(language_tag(bad).is_err(), "{bad}");
        }
        assert_eq!(
            language_tag("Español").unwrap_err().to_string(),
            "`Español` is not a language; write its BCP 47 tag, as in es or pt-BR"
        );
    }
}
