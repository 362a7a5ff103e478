//! The file of `--out`: a document is written whole, or not at all; what comes piece by piece goes
//! there as it comes.

use std::path::Path;

use axum::body::Bytes;
use futures::{Stream, StreamExt as _};

use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use super::error::CommandError;
use super::output::Output;
use crate::client::ClientResult;

/// Writes `document` into `path`; what is there is replaced.
///
/// # Errors
/// When the file cannot be written; what was there is then as it was.
pub(super) async fn write(path: &Path, document: &str) -> Result<(), CommandError> {
    replace(path, document).await.map_err(|error| {
        CommandError::failed(format!("{} cannot be written: {error}", path.display()))
    })
}

/// Writes `pieces` as they come: into `path`, or to standard output when there is none.
pub(super) async fn pour(
    mut pieces: impl Stream<Item = ClientResult<Bytes>> + Unpin,
    path: Option<&Path>,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let Some(path) = path else {
        while let Some(piece) = pieces.next().await {
            output.bytes(&piece?)?;
        }
        return Ok(());
    };
    let shown = path.display();
    let unwritable = |error| CommandError::failed(format!("{shown} cannot be written: {error}"));
    let mut file = fs::File::create(path).await.map_err(unwritable)?;
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece?).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    output.note(format_args!("Wrote {shown}."));
    Ok(())
}

/// Refuses a folder, in which `example` would be a file.
pub(super) async fn refuse_folder(path: &Path, example: &str) -> Result<(), CommandError> {
    if !fs::metadata(path).await.is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    let example = path.join(example);
    Err(CommandError::usage(format!("{} is a folder", path.display()))
        .hint(format!("name a file in it, such as {}", example.display())))
}

/// Beside its place first, then into it.
async fn replace(path: &Path, document: &str) -> std::io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = async {
        let mut file = fs::File::create(&part).await?;
        file.write_all(document.as_bytes()).await?;
        file.sync_all().await?;
        fs::rename(&part, path).await
    };
    let written = written.await;
    if written.is_err() {
        // It is there only when something failed after it was made.
        let _ = fs::remove_file(&part).await;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spring.md");
        for text in ["the longer first report", "second"] {
            write(&path, text).await.unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("none/spring.md"), "x").await.is_err());
        let refusal = refuse_folder(folder.path(), "report.html").await.unwrap_err();
        assert!(refusal.message.ends_with("is a folder"));
        refuse_folder(&path, "report.html").await.unwrap();
    }
}
