//! Return paths that say which mail came back (VERP).
//!
//! A channel's `return_path`, `bounces@shop.example` say, becomes `bounces+TOKEN@shop.example` in the
//! envelope of each mail, so that a bounce is known by the address it comes to, whatever it says. The
//! token is the contact, the beginning of the run's id, and a signature: 52 letters and digits in lower
//! case, since some servers change the case of addresses. **Invariant:** a local part has 64 characters
//! at most (RFC 5321, 4.5.3.1.1), so that of a `return_path` has [`LONGEST`].

use std::ops::RangeInclusive;

use super::mime::wire_address;
use super::model::PublishingError;
use super::unsubscribe::TokenSigner;
use crate::core::kernel::Id;

/// Characters of a return path's local part, at most: with `+` and the token there are 64.
const LONGEST: usize = 11;
/// Bytes of a run's id that travel: its time and 26 random bits, enough to tell runs apart.
const RUN: usize = 10;
/// Bytes of the signature that travel.
const SIGNATURE: usize = 6;
const BYTES: usize = 16 + RUN + SIGNATURE;
const PURPOSE: &[u8] = b"return path";

/// The digits of base32 (RFC 4648), in lower case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The return path of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReturnPath {
    local: String,
    domain: String,
}

/// Whose mail came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    pub contact: Id,
    /// The ids among which the run's is the only one of the ledger.
    pub run: RangeInclusive<Id>,
}

/// Whether `address` can be a channel's return path.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_return_path(address: &str) -> Result<(), String> {
    ReturnPath::parse(address).map(drop)
}

impl ReturnPath {
    /// Reads an address such as `bounces@shop.example`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(address: &str) -> Result<Self, String> {
        let wire = wire_address(address).map_err(|error| format!("return_path: {error}"))?;
        let local = wire.user();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if local.len() > LONGEST || !local.bytes().all(plain) {
            return Err(format!(
                "return_path `{address}`: before the @ there are at most {LONGEST} letters and \
                 digits, as in bounces@shop.example, since a token is added to them"
            ));
        }
        Ok(Self { local: local.to_owned(), domain: wire.domain().to_owned() })
    }

    /// The envelope's sender of the mail of `run` to `contact`.
    pub(super) fn of(&self, signer: &TokenSigner, contact: Id, run: Id) -> String {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(contact.as_bytes());
        bytes[16..16 + RUN].copy_from_slice(&run.as_bytes()[..RUN]);
        let signature = signer.short_seal::<SIGNATURE>(PURPOSE, &bytes[..16 + RUN]);
        bytes[16 + RUN..].copy_from_slice(&signature);
        format!("{}+{}@{}", self.local, base32(&bytes), self.domain)
    }
}

impl TokenSigner {
    /// Whose mail an address that a bounce came to is about.
    ///
    /// # Errors
    /// [`PublishingError::Link`] when it is no return path of this workspace.
    pub fn read_return_path(&self, address: &str) -> Result<Returned, PublishingError> {
        let local = address.trim().trim_start_matches('<').split('@').next().unwrap_or_default();
        let (_, token) = local.rsplit_once('+').ok_or(PublishingError::Link)?;
        let bytes = base32_bytes(token).ok_or(PublishingError::Link)?;
        let (told, signature) = bytes.split_at(16 + RUN);
        if !self.has_short_seal(signature, PURPOSE, told) {
            return Err(PublishingError::Link);
        }
        let (contact, run) = told.split_first_chunk::<16>().ok_or(PublishingError::Link)?;
        let (mut first, mut last) = ([0; 16], [0xff; 16]);
        first[..RUN].copy_from_slice(run);
        last[..RUN].copy_from_slice(run);
        let run = Id::from_bytes(first)..=Id::from_bytes(last);
        Ok(Returned { contact: Id::from_bytes(*contact), run })
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u16, 0);
    for byte in bytes {
        held = held << 8 | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[usize::from(held >> bits & 31)]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(DIGITS[usize::from(held << (5 - bits) & 31)]));
    }
    text
}

/// What [`base32`] wrote, in letters of either case; `None` when it wrote no such thing.
fn base32_bytes(text: &str) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    let (mut held, mut bits, mut at) = (0_u16, 0, 0);
    for letter in text.bytes().map(|byte| byte.to_ascii_lowercase()) {
        let digit = DIGITS.iter().position(|digit| *digit == letter)?;
        held = held << 5 | u16::try_from(digit).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *bytes.get_mut(at)? = u8::try_from(held >> bits & 0xff).ok()?;
            at += 1;
        }
        held &= (1 << bits) - 1;
    }
    (at == BYTES && held == 0 && bits < 5).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_path_says_whose_mail_it_was() {
        let signer = TokenSigner::new(vec![7; 32]);
        let id = |byte: u8| {
            let mut at = 2_u8;
            Id::from_bytes(std::array::from_fn(|_| {
                at += 1;
                byte.wrapping_mul(at)
            }))
        };
        let path = ReturnPath::parse("bounces@café.example").unwrap();
        let address = path.of(&signer, id(91), id(200));
        let (local, domain) = address.split_once('@').unwrap();
        assert_eq!((local.len(), domain), (60, "xn--caf-dma.example"));
        assert!(wire_address(&address).is_ok(), "{address}");
        for text in [&address, &address.to_uppercase(), &format!(" <{address}>\r\n")] {
            let Returned { contact, run } = signer.read_return_path(text).unwrap();
            assert_eq!(contact, id(91));
            assert!(run.contains(&id(200)) && !run.contains(&id(201)), "{text}");
        }
        let other = |text: &str| text.replacen('+', "+a", 1);
        let changed = address.replace("+l", "+m");
        for text in ["", "bounces@shop.example", "a+b@c.example", &other(&address), &changed] {
            assert!(text == address || signer.read_return_path(text).is_err(), "{text}");
        }
        assert!(TokenSigner::new(vec![8; 32]).read_return_path(&address).is_err());
        assert_ne!(address, path.of(&signer, id(91), id(199)));
    }

    #[test]
    fn there_is_room_for_the_token() {
        let refusal = |text: &str| ReturnPath::parse(text).unwrap_err();
        assert!(ReturnPath::parse("bounces-eu1@x.example").is_ok());
        for long in ["bounces-of-ours@x.example", "a+b@x.example"] {
            assert!(refusal(long).contains("at most 11 letters and digits"), "{long}");
        }
        assert!(refusal("nobody").contains("`nobody` is no address"));
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        for (bytes, text) in
            [("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
