//! Postfix's `smtp-sink`, which takes every mail, throws it away and counts.
//!
//! Each measurement gets a fresh one, with the same options, so that none pays for another.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::frontier::Outcome;

/// The program's path, as the tests name it.
const PROGRAM: &str = "FRONTIER_TEST_SMTP_SINK";
/// Where Debian's package `postfix` puts it.
const USUAL: &str = "/usr/sbin/smtp-sink";
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(2);

/// A sink that listens on [`Sink::port`]; ended when it is dropped.
pub(crate) struct Sink {
    pub(crate) port: u16,
    counter: NamedTempFile,
    child: Child,
}

impl Sink {
    pub(crate) fn start() -> Outcome<Self> {
        let counter = NamedTempFile::new()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(program("smtp-sink")?);
        if counter.as_file().metadata()?.uid() == 0 {
            command.args(["-u", "nobody"]); // it refuses to stay root
        }
        let child = command
            .args(["-c", &format!("127.0.0.1:{port}"), "128"])
            .stdout(counter.reopen()?)
            .stderr(Stdio::null())
            .spawn()?;
        let mut sink = Self { port, counter, child };
        sink.wait_until_it_listens()?;
        Ok(sink)
    }

    #[expect(clippy::disallowed_methods, reason = "there is no runtime here to block")]
    fn wait_until_it_listens(&mut self) -> Outcome<()> {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("smtp-sink ended at once: {status}").into());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("smtp-sink does not listen on port {}", self.port).into());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// How many mails it took so far: the last `mesg=` of the counter it rewrites after each.
    pub(crate) fn taken(&self) -> Outcome<usize> {
        let counts = fs::read_to_string(self.counter.path())?;
        let Some((_, last)) = counts.rsplit_once("mesg=") else { return Ok(0) };
        let digits = last.split(|char: char| !char.is_ascii_digit()).next().unwrap_or_default();
        Ok(digits.parse()?)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of Postfix, which lives where its sink does.
pub(crate) fn program(name: &str) -> Outcome<PathBuf> {
    let sink = std::env::var_os(PROGRAM).map_or_else(|| PathBuf::from(USUAL), PathBuf::from);
    let program = sink.parent().unwrap_or(Path::new("")).join(name);
    if program.is_file() {
        return Ok(program);
    }
    Err(format!(
        "there is no {}: install Postfix (Debian: apt install postfix), or name its smtp-sink in \
         {PROGRAM}",
        program.display()
    )
    .into())
}
