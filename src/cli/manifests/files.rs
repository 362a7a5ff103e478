//! Reading manifests and the files they name.
//!
//! **Invariant:** nothing outside a manifest's folder is read for it, whatever it says and wherever
//! links lead.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::api::{BODY_FILE_LIMIT, ManifestFileBody, ManifestsBody, ReferencesBody};
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::client::Client;

/// Bytes of one manifest at most.
const MANIFEST_LIMIT: usize = 16 * 1024 * 1024;
/// How deep folders are looked into, and how many manifests are read of one at most.
const FOLDER_DEPTH: usize = 8;
const FOLDER_FILES: usize = 1000;
/// The file of a workspace's settings: no manifest, though it ends like one.
const SETTINGS: &str = "frontier.yaml";

/// A manifest and the folder its files are in.
struct Manifest {
    folder: PathBuf,
    body: ManifestFileBody,
}

/// Manifests with the files that they name, and what each of them holds.
pub(super) struct Bundle {
    pub(super) manifests: ManifestsBody,
    pub(super) outlines: Vec<ReferencesBody>,
}

/// Reads the manifests at `paths`, with the files that they name.
pub(super) async fn read(
    paths: &[PathBuf],
    client: &Client,
) -> Result<ManifestsBody, CommandError> {
    Ok(bundle(paths, client).await?.manifests)
}

/// As [`read`], with what each manifest holds.
pub(super) async fn bundle(paths: &[PathBuf], client: &Client) -> Result<Bundle, CommandError> {
    let paths = paths.to_vec();
    let manifests = off_the_runtime(move || manifests(&paths)).await??;
    let (folders, files): (Vec<PathBuf>, Vec<ManifestFileBody>) =
        manifests.into_iter().map(|manifest| (manifest.folder, manifest.body)).unzip();
    let mut body = ManifestsBody { files, ..ManifestsBody::default() };
    let outlines = client.manifest_references(&body).await?;
    let references = outlines.clone();
    body.files = off_the_runtime(move || {
        let manifests = body.files.into_iter().zip(folders).zip(references);
        manifests.map(|((file, folder), named)| bring(file, &folder, named)).collect()
    })
    .await?;
    Ok(Bundle { manifests: body, outlines })
}

pub(super) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CommandError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| CommandError::failed(format!("reading the files stopped: {error}")))
}

fn manifests(paths: &[PathBuf]) -> Result<Vec<Manifest>, CommandError> {
    let mut manifests = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let text = text(io::stdin().lock(), MANIFEST_LIMIT);
            let text = text.map_err(|reason| unreadable("standard input", &reason))?;
            manifests.push(Manifest::new("<stdin>".to_owned(), PathBuf::from("."), text));
        } else if path.is_dir() {
            for path in of_folder(path)? {
                manifests.push(manifest(&path)?);
            }
        } else {
            manifests.push(manifest(path)?);
        }
    }
    Ok(manifests)
}

impl Manifest {
    fn new(path: String, folder: PathBuf, text: String) -> Self {
        Self { folder, body: ManifestFileBody { path, text, ..ManifestFileBody::default() } }
    }
}

fn manifest(path: &Path) -> Result<Manifest, CommandError> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|error| {
        let refusal = unreadable(&shown, &format!("cannot be read: {error}"));
        let missing = error.kind() == io::ErrorKind::NotFound;
        if missing { CommandError { exit: Exit::NotFound, ..refusal } } else { refusal }
    })?;
    let text = text(file, MANIFEST_LIMIT).map_err(|reason| unreadable(&shown, &reason))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(Manifest::new(shown, folder.unwrap_or(Path::new(".")).to_owned(), text))
}

/// The manifests in a folder and the folders in it, by path. What is hidden is left out, as are the
/// settings and folders that links lead to.
fn of_folder(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let (mut paths, mut folders) = (Vec::new(), vec![(folder.to_owned(), 0)]);
    while let Some((within, depth)) = folders.pop() {
        let shown = within.display().to_string();
        let failed = |error: io::Error| unreadable(&shown, &format!("cannot be read: {error}"));
        for entry in fs::read_dir(&within).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type().map_err(failed)?.is_dir() {
                if depth == FOLDER_DEPTH {
                    let reason = format!("lies more than {FOLDER_DEPTH} folders deep");
                    return Err(unreadable(&path.display().to_string(), &reason)
                        .hint("name the folder with the manifests itself"));
                }
                folders.push((path, depth + 1));
            } else if yaml && name != SETTINGS && path.is_file() {
                paths.push(path);
            }
        }
        if paths.len() > FOLDER_FILES {
            return Err(CommandError::failed(format!(
                "there are more than {FOLDER_FILES} manifests"
            ))
            .hint("name the folder with the manifests itself"));
        }
    }
    if paths.is_empty() {
        let shown = folder.display();
        return Err(CommandError::new(Exit::NotFound, format!("there is no manifest in {shown}"))
            .hint("their names end in .yaml or .yml"));
    }
    paths.sort();
    Ok(paths)
}

fn unreadable(shown: &str, reason: &str) -> CommandError {
    CommandError::failed(format!("{shown} {reason}"))
}

/// Adds what the manifest names: the values of variables, and the texts of files; why one could not be read is told in its place.
fn bring(mut file: ManifestFileBody, folder: &Path, named: ReferencesBody) -> ManifestFileBody {
    for variable in named.variables {
        // What is no text is as good as not set.
        if let Ok(value) = std::env::var(&variable.name) {
            file.variables.insert(variable.name, value);
        }
    }
    for reference in named.files {
        match body(folder, &reference.path) {
            Ok(Some(text)) => drop(file.files.insert(reference.path, text)),
            Ok(None) => {}
            Err(reason) => drop(file.unreadable.insert(reference.path, reason)),
        }
    }
    file
}

/// The text of a file that a manifest in `folder` names; `None` when it is not there.
fn body(folder: &Path, reference: &str) -> Result<Option<String>, String> {
    let failed = |error: io::Error| format!("cannot be read: {error}");
    let folder = folder.canonicalize().map_err(failed)?;
    let path = match folder.join(reference).canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !path.starts_with(&folder) {
        return Err("is not in the manifest's folder, where its link leads".to_owned());
    }
    if !path.is_file() {
        return Err("is not a file of text".to_owned());
    }
    text(File::open(path).map_err(failed)?, BODY_FILE_LIMIT).map(Some)
}

/// Reads a text of `limit` bytes at most.
fn text(source: impl io::Read, limit: usize) -> Result<String, String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    source
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > limit {
        return Err(format!("is larger than {} MiB", limit / (1024 * 1024)));
    }
    String::from_utf8(bytes).map_err(|error| no_text(error.as_bytes(), error.utf8_error()))
}

/// Why bytes are no text in UTF-8, and where, in words that follow the file's name.
fn no_text(bytes: &[u8], error: std::str::Utf8Error) -> String {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return "is in UTF-16 (line 1, column 1); save it as UTF-8".to_owned();
    }
    let (before, rest) = bytes.split_at(error.valid_up_to());
    let before = String::from_utf8_lossy(before);
    let (line, column) = match before.rsplit_once('\n') {
        Some((above, left)) => (above.matches('\n').count() + 2, left.chars().count() + 1),
        None => (1, before.chars().count() + 1),
    };
    let byte = rest.first().copied().unwrap_or_default();
    format!(
        "is not text in UTF-8 (line {line}, column {column}: byte 0x{byte:02X}); save it as UTF-8"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder_is_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("manifests");
        fs::create_dir(&folder).unwrap();
        fs::write(root.path().join("secret"), "secret").unwrap();
        fs::write(folder.join("a.md"), "a").unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("out.md")).unwrap();
        std::os::unix::fs::symlink("a.md", folder.join("in.md")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.join("zero.md")).unwrap();
        assert_eq!(body(&folder, "a.md"), Ok(Some("a".into())));
        assert_eq!(body(&folder, "in.md"), Ok(Some("a".into())));
        assert_eq!(body(&folder, "nothing.md"), Ok(None));
        let secret = root.path().join("secret");
        for outside in ["out.md", "../secret", "zero.md", secret.to_str().unwrap()] {
            assert!(body(&folder, outside).is_err(), "{outside}");
        }
        assert!(body(&folder, ".").is_err());
    }

    #[test]
    fn a_text_has_an_end() {
        assert_eq!(text(&b"ab"[..], 2), Ok("ab".into()));
        assert!(text(&b"abc"[..], 2).is_err());
        let utf16 = "is in UTF-16 (line 1, column 1); save it as UTF-8";
        assert_eq!(text(&b"\xff\xfea\0"[..], 9), Err(utf16.into()));
        let latin = "is not text in UTF-8 (line 2, column 2: byte 0xF1); save it as UTF-8";
        assert_eq!(
            text("a\né".bytes().chain([0xf1]).collect::<Vec<_>>().as_slice(), 9),
            Err(latin.into())
        );
    }

    #[test]
    fn a_folder_is_its_manifests_in_their_order() {
        let root = tempfile::tempdir().unwrap();
        for name in ["b.yml", "a.yaml", ".c.yaml", "d.md", SETTINGS] {
            fs::write(root.path().join(name), "").unwrap();
        }
        fs::create_dir(root.path().join("e.yaml")).unwrap();
        let found = of_folder(root.path()).unwrap();
        assert_eq!(found, [root.path().join("a.yaml"), root.path().join("b.yml")]);
    }
}
