//! The headers `DKIM-Signature` of a mail.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::canonical;
use super::key::SigningKey;
use crate::core::kernel::Timestamp;

/// Headers that are signed when a mail has them, in this order.
const SIGNED: [&str; 13] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
];

/// Columns after which a header of ours is folded.
const COLUMNS: usize = 72;

/// The system has no randomness, which RSA asks for.
#[derive(Debug)]
pub(in crate::core::publishing) struct SignError;

/// A key that signs for a domain.
#[derive(Clone, Debug)]
pub struct Signer {
    /// In ASCII; that of each mail's sender when absent.
    pub domain: Option<String>,
    pub selector: String,
    pub key: Arc<SigningKey>,
}

/// The signatures of a mail as headers, each with its CRLF, to be put before `head`.
///
/// `head` is its headers, `body` what follows the empty line; `from` is the sender's domain in ASCII.
pub(in crate::core::publishing) fn sign(
    head: &[u8],
    body: &[u8],
    signers: &[Signer],
    from: &str,
    at: Timestamp,
) -> Result<String, SignError> {
    if signers.is_empty() {
        return Ok(String::new());
    }
    let (names, headers) = signed_headers(head);
    let body_hash = STANDARD.encode(canonical::body_hash(body));
    let seconds = at.as_millis().div_euclid(1000).max(0);
    let mut signatures = String::with_capacity(640 * signers.len());
    let mut signed = Vec::with_capacity(headers.len() + 512);
    for Signer { domain, selector, key } in signers {
        let (algorithm, domain) = (key.algorithm().as_str(), domain.as_deref().unwrap_or(from));
        let begin = signatures.len();
        // Writing to a String cannot fail.
        let _ = write!(
            signatures,
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={domain};\r\n \
             s={selector}; t={seconds};\r\n bh={body_hash};\r\n h={names};\r\n b="
        );
        signed.clone_from(&headers);
        let value = &signatures[begin + "DKIM-Signature:".len()..];
        canonical::header("DKIM-Signature", value.as_bytes(), &mut signed);
        let signature = STANDARD.encode(key.sign(&signed)?);
        for (at, piece) in signature.as_bytes().chunks(COLUMNS).enumerate() {
            signatures.push_str(if at == 0 { "" } else { "\r\n " });
            signatures.extend(piece.iter().map(|byte| char::from(*byte)));
        }
        signatures.push_str("\r\n");
    }
    Ok(signatures)
}

/// The names of the headers that are signed, for `h=`, and these in the form in which they are.
fn signed_headers(head: &[u8]) -> (String, Vec<u8>) {
    let mut found = [None; SIGNED.len()];
    let mut at = 0;
    while at < head.len() {
        let end = end_of_header(head, at);
        let line = &head[at..end];
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let name = &line[..colon];
            let index = SIGNED.iter().position(|one| name.eq_ignore_ascii_case(one.as_bytes()));
            if let Some(index) = index {
                found[index] = Some(&line[colon + 1..]);
            }
        }
        at = end;
    }
    // Once more than it is there: no second one can be added.
    let (mut names, mut column) = (String::from("From"), "h=From".len());
    let mut headers = Vec::with_capacity(head.len());
    for (name, value) in SIGNED.iter().zip(found) {
        let Some(value) = value else { continue };
        if column + name.len() > COLUMNS {
            names.push_str(":\r\n ");
            column = 1;
        } else {
            names.push(':');
        }
        names.push_str(name);
        column += name.len() + 1;
        canonical::header(name, value, &mut headers);
        headers.extend_from_slice(b"\r\n");
    }
    (names, headers)
}

/// Where the header that begins at `at` ends, with its folded lines.
fn end_of_header(head: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        end = match head[end..].iter().position(|byte| *byte == b'\n') {
            Some(line) => end + line + 1,
            None => return head.len(),
        };
        if !matches!(head.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}
