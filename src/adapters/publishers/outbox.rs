//! Mail into a folder: a real run that reaches nobody.
//!
//! One `.eml` file a mail, which mail programs open. The name comes from the Message-ID, so a mail
//! offered again replaces its own file. A file is complete or absent, also after the program was
//! killed; a power cut may cost the last few, since nothing waits for the disk.
//!
//! The folder is flat: with 20,000 files it is still as fast as subfolders, and easier to look at.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use crate::core::publishing::{ConnectError, Offer, Publisher, Session, Verdict};

/// The longest name made of a Message-ID; file systems end at 255 bytes.
const LONGEST_NAME: usize = 200;

/// Writes mails to a folder.
#[derive(Debug, Clone)]
pub struct OutboxPublisher {
    dir: Arc<Path>,
}

impl OutboxPublisher {
    /// The folder is made when the first session is opened.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir: dir.into() }
    }
}

impl Publisher for OutboxPublisher {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, ConnectError>> {
        async move {
            let dir = Arc::clone(&self.dir);
            let made = off_the_runtime(move || fs::create_dir_all(&dir)).await;
            made.map_err(|error| ConnectError::Settings {
                at: self.describe(),
                problem: format!("{error}; choose a folder that can be written to"),
            })?;
            let session = OutboxSession { dir: Arc::clone(&self.dir) };
            Ok(Box::new(session) as Box<dyn Session>)
        }
        .boxed()
    }

    fn leaves_machine(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        format!("the folder {}", self.dir.display())
    }
}

struct OutboxSession {
    dir: Arc<Path>,
}

impl Session for OutboxSession {
    fn carry<'a>(&'a mut self, offer: &'a mut dyn Offer) -> BoxFuture<'a, bool> {
        async move {
            while let Some((number, parcel)) = offer.next() {
                let name = file_name(&parcel.message_id);
                let (dir, bytes) = (Arc::clone(&self.dir), parcel.bytes.clone());
                let reply = format!("written to {name}");
                let written = off_the_runtime(move || write(&dir, &name, &bytes)).await;
                let Err(error) = written else {
                    offer.settle(number, Verdict::Accepted { reply });
                    continue;
                };
                let reply = format!(
                    "the mail could not be written to {}: {error}; make room, or let this user \
                     write there",
                    self.dir.display()
                );
                offer.settle(number, Verdict::Deferred { code: None, reply });
                return false; // a new session makes the folder again, if that is what is missing
            }
            true
        }
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = dir.join(format!(".{name}.tmp"));
    let written =
        fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, dir.join(name)));
    if written.is_err() {
        // the first error is the one to tell; what is left over is replaced at the next attempt
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// A file's name, different for each Message-ID and never a path.
fn file_name(message_id: &str) -> String {
    let mut name = String::with_capacity(message_id.len() + 4);
    for (at, byte) in message_id.bytes().enumerate() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'@' | b'-' | b'_' => name.push(byte.into()),
            b'.' if at > 0 => name.push('.'),
            _ => {
                let _ = write!(name, "%{byte:02x}"); // a `String` takes everything
            }
        }
    }
    if name.len() > LONGEST_NAME {
        name = URL_SAFE_NO_PAD.encode(Sha256::digest(message_id));
    }
    name + ".eml"
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::core::publishing::{Parcel, Single};

    /// The verdict, and whether the session goes on.
    async fn send(session: &mut dyn Session, parcel: &Parcel) -> (Verdict, bool) {
        let mut single = Single::new(parcel);
        let usable = session.carry(&mut single).await;
        (single.verdict().unwrap(), usable)
    }

    fn parcel(message_id: &str, bytes: &'static str) -> Parcel {
        Parcel {
            from: "news@example.com".to_owned(),
            to: "ana@example.com".to_owned(),
            message_id: message_id.to_owned(),
            bytes: Bytes::from_static(bytes.as_bytes()),
        }
    }

    fn files(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_mail_offered_again_replaces_its_file() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("made/on/demand");
        let mut session = OutboxPublisher::new(dir.clone()).connect().await.unwrap();
        for content in ["first\r\n", "second\r\n"] {
            let sent = send(session.as_mut(), &parcel("1a.2@example.com", content)).await;
            let reply = "written to 1a.2@example.com.eml".to_owned();
            assert_eq!(sent, (Verdict::Accepted { reply }, true));
        }
        assert_eq!(files(&dir), ["1a.2@example.com.eml"]);
        assert_eq!(fs::read_to_string(dir.join("1a.2@example.com.eml")).unwrap(), "second\r\n");
    }

    #[tokio::test]
    async fn no_message_id_leads_out_of_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("outbox");
        let mut session = OutboxPublisher::new(dir.clone()).connect().await.unwrap();
        let long = "x".repeat(5000);
        let hostile = ["../../a@b", "/etc/a@b", "..", ".", "", "a\0@b", "a/b", "a_b", "ü", &long];
        for id in hostile {
            let sent = send(session.as_mut(), &parcel(id, "x")).await;
            assert!(matches!(sent, (Verdict::Accepted { .. }, true)), "{id:?}: {sent:?}");
        }
        assert_eq!(files(&dir).len(), hostile.len());
        assert_eq!(files(home.path()), ["outbox"]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_to_defers_the_mail() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("outbox");
        let publisher = OutboxPublisher::new(dir.clone());
        let mut session = publisher.connect().await.unwrap();
        fs::remove_dir(&dir).unwrap();
        fs::write(&dir, "a file where the folder was").unwrap();

        match send(session.as_mut(), &parcel("1@b", "x")).await {
            (Verdict::Deferred { code: None, reply }, false) => {
                assert!(reply.contains("Not a directory"), "{reply}");
            }
            other => panic!("{other:?}"),
        }
        let error = publisher.connect().await.err().unwrap();
        assert!(!error.is_temporary());
        assert!(error.to_string().contains("choose a folder"), "{error}");
    }
}
