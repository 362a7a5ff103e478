//! A private key: what signs, and what the domain publishes about it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use super::sign::SignError;
use crate::core::kernel::Secret;

/// An Ed25519 key in PKCS#8 (RFC 8410) is these bytes and the 32 of its seed.
const ED25519_PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// `SEQUENCE { OID rsaEncryption, NULL }`, as a public key of RSA is labelled.
const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    RsaSha256,
    Ed25519Sha256,
}

impl Algorithm {
    /// As in the `a=` of a signature.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }
}

/// Why a text is no key to sign with. No message repeats any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "it holds no private key in PEM; the file begins with `-----BEGIN PRIVATE KEY-----` or \
         `-----BEGIN RSA PRIVATE KEY-----`"
    )]
    NoKey,
    #[error("its key is encrypted with a passphrase; write it without one, in a file of mode 600")]
    Encrypted,
    #[error("its RSA key is shorter than the 2048 bits that receivers ask for; make another")]
    Short,
    #[error("its key is neither RSA of 2048 to 4096 bits nor Ed25519; make one of these")]
    Unusable,
}

/// A private key of RSA or Ed25519.
pub struct SigningKey(Kind);

enum Kind {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, [redacted])", self.algorithm().as_str())
    }
}

impl SigningKey {
    /// Reads a key in PEM: PKCS#8 (`PRIVATE KEY`), or PKCS#1 (`RSA PRIVATE KEY`).
    pub fn from_pem(pem: &Secret) -> Result<Self, KeyError> {
        let pem = pem.expose();
        if pem.contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoKey)?;
        let rsa = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    return Ok(Self(Kind::Ed25519(key)));
                }
                RsaKeyPair::from_pkcs8(der)
            }
            _ => return Err(KeyError::Unusable),
        };
        rsa.map(|key| Self(Kind::Rsa(Box::new(key)))).map_err(|refusal| {
            // The library tells its refusals apart by words alone. It takes 2048 bits at least.
            if refusal.to_string() == "TooSmall" { KeyError::Short } else { KeyError::Unusable }
        })
    }

    /// The PEM of a new Ed25519 key (PKCS#8), from a random seed.
    pub fn new_pem(seed: [u8; 32]) -> Secret {
        let der = STANDARD.encode([ED25519_PKCS8.as_slice(), &seed].concat());
        Secret::new(format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"))
    }

    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Kind::Rsa(_) => Algorithm::RsaSha256,
            Kind::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    /// What its domain publishes at `SELECTOR._domainkey` (RFC 6376, 3.6.1): its public half.
    pub fn record(&self) -> String {
        match &self.0 {
            Kind::Rsa(key) => {
                let mut bits = vec![0];
                bits.extend_from_slice(key.public().as_ref());
                let info = [RSA_ENCRYPTION.as_slice(), &der(0x03, &bits)].concat();
                format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(der(0x30, &info)))
            }
            Kind::Ed25519(key) => {
                format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key()))
            }
        }
    }

    /// The signature of the headers in the form in which they are signed.
    pub(super) fn sign(&self, headers: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.0 {
            Kind::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), headers, &mut signature)
                    .map_err(|_| SignError)?;
                Ok(signature)
            }
            Kind::Ed25519(key) => Ok(key.sign(&Sha256::digest(headers)).as_ref().to_vec()),
        }
    }
}

/// A value of DER with its tag and length.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut value = vec![tag];
    if content.len() >= 0x80 {
        value.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
    }
    value.extend_from_slice(length);
    value.extend_from_slice(content);
    value
}
