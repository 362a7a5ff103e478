//! Seals: what is applied as planned is what was planned, in this workspace.
//!
//! A plan may wait in a file, where somebody could change the manifests it was made of. Its seal is a
//! MAC by the workspace's key over all that an apply would be given.

use sha2::{Digest as _, Sha256};

use super::parse::SourceFile;
use super::service::{ManifestError, Manifests};
use crate::core::kernel::Labels;

/// What the key is used for, apart from its other uses.
const PURPOSE: &[u8] = b"plan";

/// What is to be applied, in few bytes.
pub(super) struct Content([u8; 32]);

impl Content {
    /// All that is in the files, whatever they come to hold.
    pub(super) fn of(files: &[SourceFile], prune: Option<&Labels>) -> Result<Self, ManifestError> {
        let written = serde_json::to_vec(&(files, prune))
            .map_err(|error| ManifestError::Stopped(error.to_string()))?;
        Ok(Self(Sha256::digest(&written).into()))
    }

    fn with(&self, fingerprint: &str) -> Vec<u8> {
        [self.0.as_slice(), fingerprint.as_bytes()].concat()
    }
}

impl Manifests {
    /// The seal of the plan with this fingerprint for this content.
    pub(super) fn seal(&self, content: &Content, fingerprint: &str) -> String {
        self.publishing.signer().seal(PURPOSE, &content.with(fingerprint))
    }

    /// Whether `seal` is that of the plan with this fingerprint for this content.
    pub(super) fn is_sealed(&self, seal: &str, content: &Content, fingerprint: &str) -> bool {
        self.publishing.signer().has_sealed(seal, PURPOSE, &content.with(fingerprint))
    }
}
