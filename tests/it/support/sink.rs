//! Postfix's `smtp-sink`: a server written by somebody else, which keeps what it takes in a file.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::process::wait_until;
use super::smtp::SmtpServer;

/// The program's path, as `tests/run` finds it.
const PROGRAM: &str = "FRONTIER_TEST_SMTP_SINK";
/// Set to `1` to leave out what needs it, where there is no Postfix. Not in CI.
const WITHOUT: &str = "FRONTIER_TEST_WITHOUT_SMTP_SINK";

/// A sink that listens on [`Sink::port`].
pub(crate) struct Sink {
    pub(crate) port: u16,
    folder: TempDir,
    child: Child,
}

impl Sink {
    /// Starts one; nothing where it is left out on purpose.
    #[expect(clippy::print_stderr, reason = "a test that proves nothing has to say so")]
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = std::env::var_os(PROGRAM) else {
            let skip = std::env::var(WITHOUT).is_ok_and(|value| value == "1");
            assert!(
                skip && std::env::var_os("CI").is_none(),
                "there is no smtp-sink to send to: start the tests with tests/run, or name it in \
                 {PROGRAM}; {WITHOUT}=1 leaves this out, but not in CI"
            );
            eprintln!("skipped, because {WITHOUT}=1");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            // It gives root up, and its folder has to let it in.
            fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
            command.args(["-u", "nobody"]);
        }
        let port = SmtpServer::free_port();
        let child = command
            .args(["-D", "mails", &format!("127.0.0.1:{port}"), "128"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("smtp-sink", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        Some(Self { port, folder, child })
    }

    /// Ends it; gives how often it took each Message-ID for each recipient.
    pub(crate) fn taken(mut self) -> BTreeMap<(String, String), usize> {
        self.end();
        let mails = fs::read(self.folder.path().join("mails")).unwrap();
        let mut taken = BTreeMap::new();
        let mut to = String::new();
        for line in String::from_utf8_lossy(&mails).lines() {
            if let Some(recipient) = line.strip_prefix("X-Rcpt-Args: <") {
                recipient.trim_end_matches('>').clone_into(&mut to);
            } else if let Some(id) = line.strip_prefix("Message-ID: ") {
                *taken.entry((to.clone(), id.to_owned())).or_default() += 1;
            }
        }
        taken
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.end();
    }
}
