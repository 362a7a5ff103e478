//! A command at work in the background, as a second shell sees it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// No wait takes longer, unless what it waits for never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(2);

/// A command that runs; killed when it is dropped before it ended.
pub(crate) struct Working {
    pub(crate) pid: u32,
    lines: Receiver<String>,
    end: Receiver<(i32, String)>,
    has_ended: bool,
}

/// How it ended; −1 is a signal's doing.
pub(crate) struct Ending {
    pub(crate) code: i32,
    pub(crate) out: String,
    /// What it said since it was last listened to.
    pub(crate) err: String,
}

impl Working {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let pid = child.id();
        let (line, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let said = std::thread::spawn(move || {
            for words in stderr.lines().map_while(Result::ok) {
                let _ = line.send(words); // nobody listens any more
            }
        });
        let (ending, end) = channel();
        std::thread::spawn(move || {
            let mut out = String::new();
            child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
            let code = child.wait().unwrap().code().unwrap_or(-1);
            said.join().unwrap();
            let _ = ending.send((code, out));
        });
        Self { pid, lines, end, has_ended: false }
    }

    /// Waits until it says something that starts like this.
    pub(crate) fn says(&self, start: &str) -> String {
        self.line(start, |line| line.starts_with(start))
    }

    /// Waits until it says something with this in it.
    pub(crate) fn tells(&self, part: &str) -> String {
        self.line(part, |line| line.contains(part))
    }

    fn line(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no `{what}`"));
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Sends it a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("kill").args(["-s", name, &self.pid.to_string()]).status();
        assert!(told.unwrap().success(), "{name} to {}", self.pid);
    }

    /// Waits for its end.
    pub(crate) fn ending(mut self) -> Ending {
        let (code, out) = self.end.recv_timeout(PATIENCE).expect("the command ends");
        self.has_ended = true;
        let err: Vec<String> = self.lines.try_iter().collect();
        Ending { code, out, err: err.join("\n") }
    }

    /// Waits for its end, which must come in this time.
    #[track_caller]
    pub(crate) fn ending_within(self, limit: Duration) -> Ending {
        let told = Instant::now();
        let ending = self.ending();
        assert!(told.elapsed() < limit, "it took {:?}: {}", told.elapsed(), ending.err);
        ending
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(self) {
        self.signal("KILL");
        assert_eq!(self.ending().code, -1, "it ended before it was killed");
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if !self.has_ended && self.end.try_recv().is_err() {
            self.signal("KILL");
        }
    }
}

/// Waits until something is so, where no runtime is.
#[expect(clippy::disallowed_methods, reason = "a thread of its own may sleep")]
pub(crate) fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(LOOK);
    }
}
