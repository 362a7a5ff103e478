//! Consent: what a contact agreed to, and no longer agrees to.
//!
//! A record is of one contact and one purpose (`newsletter`, `profiling`); it says who told us
//! (the source), what shows it (the proof) and since when. Records are only added, and the last one
//! of a purpose holds. **A withdrawal is never undone by what is older than it, or by what does not
//! say when it was given**: a file of old consents brings nobody back.

use std::collections::HashMap;

use super::ContactError;
use crate::core::kernel::{Id, Timestamp, fold, words};

/// Characters of a purpose, a source and a proof at the most.
const MAX_PURPOSE_CHARS: usize = 64;
const MAX_SOURCE_CHARS: usize = 200;
const MAX_PROOF_CHARS: usize = 2000;

words! {
    /// Whether a contact agrees.
    ConsentState {
        Granted = "granted",
        Withdrawn = "withdrawn",
    }
}

/// A record of consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub id: Id,
    /// In lower case.
    pub purpose: String,
    pub state: ConsentState,
    /// Who told us: a form, an import, a letter.
    pub source: String,
    /// What shows it: the text they agreed to, a link, the number of a letter.
    pub proof: Option<String>,
    /// Since when it is so.
    pub recorded_at: Timestamp,
}

/// A record of consent to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConsent {
    pub purpose: String,
    pub state: ConsentState,
    pub source: String,
    pub proof: Option<String>,
    /// When it was given or withdrawn, if that is known.
    pub at: Option<Timestamp>,
}

/// What came of recording some consents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedConsents {
    pub added: u64,
    /// Those that said what is recorded already.
    pub unchanged: u64,
    /// Those that were older than what holds, or did not say when, where a withdrawal holds.
    pub outdated: u64,
}

/// A record of consent that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConsent {
    #[error("a consent needs a purpose; name one, as in newsletter")]
    NoPurpose,
    #[error(
        "`{0}` cannot be a purpose; write up to 64 letters, digits, spaces and any of - _ . : /"
    )]
    Purpose(String),
    #[error("a consent needs a source; say who told you, as in \"web form\"")]
    NoSource,
    #[error("the source `{0}…` is longer than 200 characters; shorten it")]
    SourceTooLong(String),
    #[error("the proof is longer than 2000 characters; shorten it, or refer to a document")]
    ProofTooLong,
    #[error("the {0} of a consent has a character in it that does not print; take it out")]
    Control(&'static str),
    #[error("`{0}` is later than now; say when the consent was given")]
    Future(Timestamp),
    #[error("a later record of the purpose `{0}` holds; `frontier contact consent list` shows it")]
    Outdated(String),
}

/// What holds of each contact and purpose.
pub(super) type Holding = HashMap<(Id, String), Consent>;

/// A purpose in the form it is kept in.
pub(super) fn purpose(text: &str) -> Result<String, BadConsent> {
    let folded = fold(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.is_empty() {
        return Err(BadConsent::NoPurpose);
    }
    let plain = |c: char| c.is_alphanumeric() || " -_.:/".contains(c);
    if folded.chars().count() > MAX_PURPOSE_CHARS || !folded.chars().all(plain) {
        return Err(BadConsent::Purpose(folded.chars().take(40).collect()));
    }
    Ok(folded)
}

impl NewConsent {
    /// Puts every value in the form it is kept in.
    ///
    /// # Errors
    /// The first that cannot be kept.
    pub(super) fn checked(self, now: Timestamp) -> Result<Self, ContactError> {
        let purpose = purpose(&self.purpose)?;
        let source = self.source.split_whitespace().collect::<Vec<_>>().join(" ");
        if source.is_empty() {
            return Err(BadConsent::NoSource.into());
        }
        if source.chars().count() > MAX_SOURCE_CHARS {
            return Err(BadConsent::SourceTooLong(source.chars().take(40).collect()).into());
        }
        let proof = self.proof.map(|text| text.trim().replace("\r\n", "\n"));
        let proof = proof.filter(|text| !text.is_empty());
        if proof.as_ref().is_some_and(|text| text.chars().count() > MAX_PROOF_CHARS) {
            return Err(BadConsent::ProofTooLong.into());
        }
        if source.chars().any(char::is_control) {
            return Err(BadConsent::Control("source").into());
        }
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        if proof.as_ref().is_some_and(|text| text.chars().any(odd)) {
            return Err(BadConsent::Control("proof").into());
        }
        if let Some(at) = self.at.filter(|at| *at > now) {
            return Err(BadConsent::Future(at).into());
        }
        Ok(Self { purpose, source, proof, ..self })
    }
}

/// Which of `consents`, all checked, are to be added to what `holding` says, as records; what holds
/// is brought up to date.
pub(super) fn to_add(
    consents: impl IntoIterator<Item = (Id, NewConsent)>,
    holding: &mut Holding,
    now: Timestamp,
    mut new_id: impl FnMut() -> Id,
) -> (Vec<(Id, Consent)>, RecordedConsents) {
    let (mut records, mut done) = (Vec::new(), RecordedConsents::default());
    for (contact, NewConsent { purpose, state, source, proof, at }) in consents {
        let key = (contact, purpose.clone());
        if let Some(last) = holding.get(&key) {
            if (last.state, &last.source, &last.proof) == (state, &source, &proof) {
                done.unchanged += 1;
                continue;
            }
            let silent_on_time = at.is_none()
                && (last.state, state) == (ConsentState::Withdrawn, ConsentState::Granted);
            if silent_on_time || at.is_some_and(|at| at < last.recorded_at) {
                done.outdated += 1;
                continue;
            }
        }
        let recorded_at = at.unwrap_or(now);
        let record = Consent { id: new_id(), purpose, state, source, proof, recorded_at };
        holding.insert(key, record.clone());
        records.push((contact, record));
        done.added += 1;
    }
    (records, done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_one_whatever_its_case() {
        for (text, kept) in [(" News  Letter ", "news letter"), ("SMS/ads", "sms/ads")] {
            assert_eq!(purpose(text), Ok(kept.to_owned()));
        }
        assert_eq!(purpose(" "), Err(BadConsent::NoPurpose));
        for bad in ["a,b", "x'y", &"x".repeat(65)] {
            assert!(matches!(purpose(bad), Err(BadConsent::Purpose(_))), "{bad}");
        }
    }

    #[test]
    fn a_withdrawal_outlasts_what_is_older_or_does_not_say_when() {
        use ConsentState::{Granted, Withdrawn};
        let time = Timestamp::from_millis;
        let said = |state, source: &str, at: Option<i64>| NewConsent {
            purpose: "news".into(),
            state,
            source: source.into(),
            proof: None,
            at: at.map(time),
        };
        let (mut holding, mut ids) = (Holding::new(), 0_u8);
        let mut tell = |new: NewConsent, now: i64| {
            let id = || {
                ids += 1;
                Id::from_bytes([ids; 16])
            };
            let (records, done) = to_add([(Id::NIL, new)], &mut holding, time(now), id);
            assert_eq!(records.len() as u64, done.added);
            [done.added, done.unchanged, done.outdated]
        };
        assert_eq!(tell(said(Granted, "form", None), 100), [1, 0, 0]);
        assert_eq!(tell(said(Granted, "form", None), 110), [0, 1, 0]);
        assert_eq!(tell(said(Withdrawn, "letter", None), 200), [1, 0, 0]);
        assert_eq!(tell(said(Granted, "file", None), 300), [0, 0, 1], "it does not say when");
        assert_eq!(tell(said(Granted, "file", Some(150)), 300), [0, 0, 1], "it is older");
        assert_eq!(tell(said(Granted, "form", Some(250)), 300), [1, 0, 0]);
        assert_eq!(tell(said(Granted, "other form", None), 400), [1, 0, 0]);
    }
}
