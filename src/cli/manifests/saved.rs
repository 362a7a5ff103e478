//! A plan in a file: what was seen and what is to be done, to be carried out later or not at all.
//!
//! The file holds the manifests with the files they name, the plan they made, and a digest of all
//! that. **Invariant:** what is applied from it is what was planned: another workspace, another
//! version of the program, an edited file or a changed world refuses it. The digest tells of edits at
//! once; the plan's seal, which only the workspace can make, refuses also those that a digest was
//! made for. The file holds no secret, for manifests hold none.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::files::off_the_runtime;
use super::plan::printable;
use crate::api::{ActionBody, ChangeBody, DocumentBody, ManifestsBody, PlanBody};
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::out;

/// The form of the file.
const FORMAT: &str = "frontier/plan/v1";
/// The program that wrote it, which alone is sure to understand it as it was meant.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// Bytes of the file at most.
const MOST: u64 = 64 * 1024 * 1024;
/// Differences told at most.
const MAX_TOLD: usize = 20;

/// What is saved, beside its digest.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    format: String,
    /// The program that made it.
    version: String,
    manifests: ManifestsBody,
    plan: PlanBody,
}

/// Writes a plan and the manifests it is of.
pub(super) async fn write(
    path: &Path,
    manifests: ManifestsBody,
    plan: PlanBody,
) -> Result<(), CommandError> {
    let (format, version) = (FORMAT.to_owned(), PROGRAM.to_owned());
    let saved = Saved { format, version, manifests, plan };
    let text = off_the_runtime(move || {
        let failed = |error: String| CommandError::failed(error);
        let mut fields = match serde_json::to_value(&saved) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err(failed("the plan has no JSON".to_owned())),
            Err(error) => return Err(failed(error.to_string())),
        };
        fields.insert("digest".to_owned(), digest(&fields)?.into());
        let mut text = serde_json::to_vec_pretty(&fields).map_err(|e| failed(e.to_string()))?;
        text.push(b'\n');
        String::from_utf8(text).map_err(|error| failed(error.to_string()))
    })
    .await??;
    out::write(path, &text).await
}

/// Reads a plan that is whole and of this version.
pub(super) async fn read(path: &Path) -> Result<Saved, CommandError> {
    let path = path.to_owned();
    off_the_runtime(move || {
        let shown = path.display().to_string();
        let refused = |why: &str| {
            CommandError::invalid(format!("{shown} {why}"))
                .hint("`frontier plan --out` writes a new one")
        };
        let fields: Map<String, Value> = match serde_json::from_slice(&bytes(&path, &shown)?) {
            Ok(Value::Object(fields)) if fields.get("format") == Some(&FORMAT.into()) => fields,
            _ => {
                let help = format!("manifests are given with -f: `frontier apply -f {shown}`");
                return Err(refused("is no plan").hint(help));
            }
        };
        if fields.get("version") != Some(&PROGRAM.into()) {
            return Err(refused("was made by another version of frontier"));
        }
        let mut rest = fields;
        let told = rest.shift_remove("digest");
        if told != Some(digest(&rest)?.into()) {
            return Err(refused("was changed after it was made"));
        }
        serde_json::from_value(rest.into()).map_err(|_| refused("is no plan"))
    })
    .await?
}

fn bytes(path: &Path, shown: &str) -> Result<Vec<u8>, CommandError> {
    let failed = |error: &io::Error| {
        let exit =
            if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        CommandError::new(exit, format!("{shown} cannot be read: {error}"))
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MOST {
        return Err(CommandError::invalid(format!("{shown} is larger than 64 MiB")));
    }
    Ok(bytes)
}

/// The SHA-256 of the fields as they stand.
fn digest(fields: &Map<String, Value>) -> Result<String, CommandError> {
    let text = serde_json::to_vec(fields).map_err(|e| CommandError::failed(e.to_string()))?;
    Ok(Sha256::digest(&text).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

impl Saved {
    /// The id of the workspace it is about.
    pub(super) fn workspace(&self) -> &str {
        &self.plan.workspace
    }

    /// The manifests as they were planned, with the proof that they are.
    pub(super) fn manifests(&self) -> ManifestsBody {
        let seal = Some(self.plan.seal.clone().unwrap_or_default());
        ManifestsBody { seal, ..self.manifests.clone() }
    }

    /// Refuses when the plan of the same manifests is another one `now`, and says what is not as it
    /// was seen.
    pub(super) fn still_holds(&self, now: &PlanBody) -> Result<(), CommandError> {
        if self.plan.fingerprint == now.fingerprint {
            return Ok(());
        }
        let error = CommandError::invalid("what exists has changed since it was planned");
        let mut told = changed(&self.plan, now);
        let more = told.len().saturating_sub(MAX_TOLD);
        told.truncate(MAX_TOLD);
        if more > 0 {
            told.push(format!("and {more} more"));
        }
        told.push("nothing was changed; look at a new plan".to_owned());
        Err(told.into_iter().fold(error, CommandError::hint))
    }
}

/// What is not as it was seen, a line for each document.
fn changed(seen: &PlanBody, now: &PlanBody) -> Vec<String> {
    let find = |plan: &'_ PlanBody, document: &DocumentBody| {
        plan.changes.iter().find(|change| change.document == *document).cloned()
    };
    let mut told = Vec::new();
    for was in &seen.changes {
        match find(now, &was.document) {
            Some(is) if is.action == was.action && is.fields == was.fields => {}
            Some(is) => told.push(moved(was, &is)),
            None => told.push(format!("{} is gone", called(was))),
        }
    }
    let new = now.changes.iter().filter(|change| find(seen, &change.document).is_none());
    told.extend(new.map(|change| format!("{} is new", called(change))));
    told
}

/// How what exists of one document differs from what was seen of it.
fn moved(was: &ChangeBody, is: &ChangeBody) -> String {
    let name = called(was);
    match (was.action, is.action) {
        (ActionBody::Create, _) => return format!("{name} was not there, and is now"),
        (_, ActionBody::Create) => return format!("{name} was there, and is not any more"),
        _ => {}
    }
    let find = |change: &ChangeBody, path: &str| {
        change.fields.iter().find(|field| field.path == path).cloned()
    };
    let paths: BTreeSet<&String> =
        was.fields.iter().chain(&is.fields).map(|field| &field.path).collect();
    let other = paths.into_iter().filter(|path| find(was, path) != find(is, path));
    let other: Vec<&str> = other.map(String::as_str).collect();
    format!("{name} is not as it was: {}", other.join(", "))
}

fn called(change: &ChangeBody) -> String {
    let DocumentBody { kind, name } = &change.document;
    printable(&format!("{} {name}", kind.to_lowercase()))
}
