//! `frontier export`: what exists, as manifests.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::api::ExportBody;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::client::Client;

/// The manifest in a folder that an export writes.
const MANIFEST: &str = "manifests.yaml";

/// Write what exists as manifests
///
/// Applying them again changes nothing.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// Only this kind
    kind: Option<KindArg>,
    /// Only the one of this exact name
    name: Option<String>,
    /// Write a folder, with bodies in files of their own, instead of one text
    #[arg(short = 'f', long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Write over files that differ
    #[arg(long, requires = "out_dir")]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindArg {
    List,
    Channel,
    Template,
    Campaign,
}

impl KindArg {
    const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Channel => "channel",
            Self::Template => "template",
            Self::Campaign => "campaign",
        }
    }
}

impl ExportArgs {
    pub async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let kind = self.kind.map(KindArg::as_str);
        let bodies_as_files = self.out_dir.is_some();
        let export = client.export_manifests(kind, self.name.as_deref(), bodies_as_files).await?;
        if export.manifest.is_empty() {
            output.note("There is nothing to export.");
            return Ok(());
        }
        let Some(folder) = self.out_dir else {
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
