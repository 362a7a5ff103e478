//! `frontier export`: what exists, as manifests.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use clap::Args;

use crate::api::{ExportBody, manifest_kinds};
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::cli::values::pair;
use crate::client::Client;

/// The manifest in a folder that an export writes.
const MANIFEST: &str = "manifests.yaml";

/// Write what exists as manifests
///
/// Applying them again changes nothing. The same workspace gives the same bytes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier export > all.yaml
  frontier export list campaign/spring-launch
  frontier export --selector team=crm --dir crm")]
pub struct ExportArgs {
    /// Only these: kinds, or one thing of a kind, as in `list campaign/Spring`
    #[arg(value_name = "KIND[/NAME]", value_parser = selected)]
    only: Vec<String>,
    /// Of that, only what carries these labels: `team=crm`, or several with commas
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = pair)]
    selector: Vec<(String, String)>,
    /// Write a folder, with bodies in files of their own, instead of one text
    #[arg(short = 'd', long = "dir", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Write over files that differ
    #[arg(long, requires = "folder")]
    force: bool,
}

/// A kind, or one thing of a kind.
fn selected(text: &str) -> Result<String, String> {
    let (word, name) = text.split_once('/').unwrap_or((text, ""));
    let kinds = manifest_kinds();
    if !kinds.iter().any(|kind| kind.eq_ignore_ascii_case(word)) {
        return Err(format!("`{word}` is no kind; write one of {}", kinds.join(", ")));
    }
    if text.contains('/') && name.is_empty() {
        return Err(format!("write the name after `{word}/`"));
    }
    if name.contains(',') {
        return Err("a name holds no comma; write one after the other".to_owned());
    }
    Ok(text.to_owned())
}

impl ExportArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let only = Some(self.only.join(",")).filter(|only| !only.is_empty());
        let labels: Vec<String> =
            self.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let labels = Some(labels.join(",")).filter(|labels| !labels.is_empty());
        let (only, labels) = (only.as_deref(), labels.as_deref());
        let export = client.export_manifests(only, labels, self.folder.is_some()).await?;
        if export.manifest.is_empty() {
            output.note("There is nothing to export.");
            return Ok(());
        }
        let Some(folder) = self.folder else {
            return output.show(&export, |out| out.write_all(export.manifest.as_bytes()));
        };
        let (shown, force) = (folder.display().to_string(), self.force);
        let written = tokio::task::spawn_blocking(move || write(export, &folder, force));
        let written = written.await.map_err(|error| CommandError::failed(error.to_string()))??;
        output.note(format_args!("Wrote {written} files to {shown}."));
        Ok(())
    }
}

/// Writes the export below `folder`; says how many files it has. Nothing is written when a file
/// stands in the way.
fn write(export: ExportBody, folder: &Path, force: bool) -> Result<usize, CommandError> {
    let ExportBody { manifest, mut files } = export;
    files.insert(MANIFEST.to_owned(), manifest);
    for (path, text) in &files {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(CommandError::failed(format!("`{path}` is no path for a file")));
        }
        let path = folder.join(path);
        match fs::read(&path) {
            Ok(found) if found == text.as_bytes() || force => {}
            Ok(_) => {
                let message = format!("{} is there and differs", path.display());
                return Err(CommandError::invalid(message).hint("--force writes over it"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, &error)),
        }
    }
    for (path, text) in &files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
        fs::write(&path, text).map_err(|error| failed(&path, &error))?;
    }
    Ok(files.len())
}

fn failed(path: &Path, error: &io::Error) -> CommandError {
    CommandError::failed(format!("{} cannot be written: {error}", path.display()))
}
