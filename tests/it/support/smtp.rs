//! An SMTP server on the loopback that does what a test tells it, and remembers what it took.
//!
//! A thread a connection, so that it serves tests with and without a runtime alike, and goes on
//! while a test's own runtime is busy.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// No wait takes longer, unless what it waits for never comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Take,
    /// Turns the recipient away with these words.
    Say(&'static str),
    /// Reads the mail, and turns it away with these words.
    SayAtTheEnd(&'static str),
    /// Reads the mail, and hangs up without a word.
    Lose,
    /// Takes the mail, and hangs up without a word.
    TakeAndLose,
    /// Reads the mail and takes it when the test says [`SmtpServer::let_go`].
    Hold,
    /// Takes the mail after this long.
    Slowly(Duration),
}

/// How many commands the server lets a client send at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Speech {
    /// One.
    #[default]
    Plain,
    /// All before a content (RFC 2920).
    Pipelining,
    /// Whole mails, by BDAT (RFC 3030).
    Chunking,
}

/// A mail the server took responsibility for.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) to: String,
    pub(crate) message_id: String,
    /// As it came, lines ending in LF.
    pub(crate) content: String,
    pub(crate) at: Instant,
}

/// The server; gone, with its connections, when dropped.
pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    taken: Vec<Taken>,
    /// Mails whose last line has come.
    offered: usize,
    /// Of these, those without an answer: now, and at the most so far.
    unanswered: usize,
    most_unanswered: usize,
    acts: HashMap<String, VecDeque<Act>>,
    otherwise: Act,
    let_go: bool,
    password: Option<String>,
    most_connections: usize,
    speech: Speech,
    connections: HashMap<u64, TcpStream>,
    closed: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            taken: Vec::new(),
            offered: 0,
            unanswered: 0,
            most_unanswered: 0,
            acts: HashMap::new(),
            otherwise: Act::Take,
            let_go: false,
            password: None,
            most_connections: usize::MAX,
            speech: Speech::default(),
            connections: HashMap::new(),
            closed: false,
        }
    }
}

impl SmtpServer {
    pub(crate) fn start() -> Self {
        Self::listen(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    /// One at a port that was free a moment ago.
    pub(crate) fn start_at(port: u16) -> Self {
        Self::listen(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap())
    }

    /// A port where nobody listens yet.
    pub(crate) fn free_port() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    }

    fn listen(listener: TcpListener) -> Self {
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::<Inner>::default();
        let shared = Arc::clone(&inner);
        std::thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                let (Ok(stream), false) = (stream, shared.state().closed) else { return };
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // A client that goes in the middle is what some tests are about.
                    let _ = shared.serve(&stream, number);
                    shared.state().connections.remove(&number);
                });
            }
        });
        Self { port, inner }
    }

    /// What becomes of the mails to `to`, one after the other.
    pub(crate) fn script(&self, to: &str, acts: &[Act]) {
        self.inner.state().acts.insert(to.to_owned(), acts.iter().copied().collect());
    }

    /// What becomes of the mails without a script.
    pub(crate) fn otherwise(&self, act: Act) {
        self.inner.state().otherwise = act;
    }

    /// Wants this password, whoever comes.
    pub(crate) fn password(&self, password: &str) {
        self.inner.state().password = Some(password.to_owned());
    }

    /// Turns away connections beyond so many at once.
    pub(crate) fn most_connections(&self, most: usize) {
        self.inner.state().most_connections = most;
    }

    /// What it offers to those who connect from now on.
    pub(crate) fn speaks(&self, speech: Speech) {
        self.inner.state().speech = speech;
    }

    /// Ends the wait of mails that are held, now and later.
    pub(crate) fn let_go(&self) {
        self.inner.state().let_go = true;
        self.inner.changed.notify_all();
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.inner.state().taken.clone()
    }

    /// The recipients of what was taken, in order.
    pub(crate) fn recipients(&self) -> Vec<String> {
        let mut all: Vec<_> = self.taken().into_iter().map(|mail| mail.to).collect();
        all.sort();
        all
    }

    /// Whether nobody is connected.
    pub(crate) fn is_alone(&self) -> bool {
        self.inner.state().connections.is_empty()
    }

    /// How many mails were taken.
    pub(crate) fn count(&self) -> usize {
        self.inner.state().taken.len()
    }

    /// Waits until it has taken so many mails.
    pub(crate) fn wait_for(&self, count: usize) {
        let (state, few) = (self.inner.state(), |state: &mut State| state.taken.len() < count);
        let waited = self.inner.changed.wait_timeout_while(state, PATIENCE, few).unwrap();
        assert!(!waited.1.timed_out(), "{} of {count} mails came", waited.0.taken.len());
    }

    /// Waits until so many mails have come to their end.
    pub(crate) fn wait_for_offers(&self, count: usize) {
        let (state, few) = (self.inner.state(), |state: &mut State| state.offered < count);
        let waited = self.inner.changed.wait_timeout_while(state, PATIENCE, few).unwrap();
        assert!(!waited.1.timed_out(), "{} of {count} mails were offered", waited.0.offered);
    }

    /// How many mails have come to their end, whatever became of them.
    pub(crate) fn offered(&self) -> usize {
        self.inner.state().offered
    }

    /// How many mails waited for an answer at once, at the most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.inner.state().most_unanswered
    }

    /// How many mails were taken more than once. Panics when a contact has two Message-IDs.
    pub(crate) fn duplicates(&self) -> usize {
        let taken = self.taken();
        let mut ids: HashMap<&str, &str> = HashMap::new();
        for mail in &taken {
            let known = ids.entry(&mail.to).or_insert(&mail.message_id);
            assert_eq!(*known, mail.message_id, "two Message-IDs for {}", mail.to);
        }
        taken.len() - ids.len()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        (state.closed, state.let_go) = (true, true);
        for stream in state.connections.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.inner.changed.notify_all();
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)); // wakes the listener
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(&self, stream: &TcpStream, number: u64) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream.try_clone()?);
        let say = |words: &str| (&*stream).write_all(format!("{words}\r\n").as_bytes());
        let (too_many, password, speech) = {
            let mut state = self.state();
            state.connections.insert(number, stream.try_clone()?);
            let too_many = state.connections.len() > state.most_connections;
            (too_many, state.password.clone(), state.speech)
        };
        if too_many {
            return say("421 4.7.0 too many connections");
        }
        say("220 test ESMTP")?;
        let offers = match speech {
            Speech::Plain => "",
            Speech::Pipelining => "250-PIPELINING\r\n",
            Speech::Chunking => "250-PIPELINING\r\n250-CHUNKING\r\n",
        };
        let (mut to, mut act) = (String::new(), Act::Take);
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => say(&format!("250-test\r\n{offers}250-8BITMIME\r\n250 AUTH PLAIN"))?,
                "AUTH" if password.as_deref().is_some_and(|word| !knows(&line, word)) => {
                    say("535 5.7.8 who are you")?;
                }
                "AUTH" => say("235 2.7.0 welcome")?,
                "MAIL" | "RSET" => say("250 2.0.0 ok")?,
                "RCPT" => {
                    between(&line, '<', '>').clone_into(&mut to);
                    act = self.act(&to);
                    match act {
                        Act::Say(words) => say(words)?,
                        _ => say("250 2.1.5 ok")?,
                    }
                }
                "BDAT" | "DATA" => {
                    let content = if word == "BDAT" {
                        chunk(&line, &mut lines)?
                    } else if let Act::Say(_) = act {
                        String::new()
                    } else {
                        say("354 go on")?;
                        content(&mut lines)?
                    };
                    if let Act::Say(_) = act {
                        say("503 5.5.1 no recipient")?;
                        continue;
                    }
                    match self.end(&to, act, content) {
                        Some(words) => say(words)?,
                        None => return Ok(()),
                    }
                }
                "QUIT" => return say("221 2.0.0 bye"),
                _ => say("502 5.5.1 what")?,
            }
        }
    }

    fn act(&self, to: &str) -> Act {
        let mut state = self.state();
        let scripted = state.acts.get_mut(to).and_then(VecDeque::pop_front);
        scripted.unwrap_or(state.otherwise)
    }

    /// What to say to a mail that has come; nothing when the line is to be lost.
    fn end(&self, to: &str, act: Act, content: String) -> Option<&'static str> {
        let mut state = self.state();
        state.offered += 1;
        state.unanswered += 1;
        state.most_unanswered = state.most_unanswered.max(state.unanswered);
        self.changed.notify_all();
        match act {
            Act::Hold => {
                state = self.changed.wait_while(state, |state| !state.let_go).unwrap();
            }
            Act::Slowly(time) => {
                let open = |state: &mut State| !state.closed;
                state = self.changed.wait_timeout_while(state, time, open).unwrap().0;
            }
            Act::Take | Act::Lose | Act::TakeAndLose | Act::Say(_) | Act::SayAtTheEnd(_) => {}
        }
        state.unanswered -= 1;
        let answer = match act {
            _ if state.closed => return None,
            Act::SayAtTheEnd(words) => return Some(words),
            Act::Lose => return None,
            Act::TakeAndLose => None,
            Act::Take | Act::Say(_) | Act::Hold | Act::Slowly(_) => Some("250 2.0.0 ok: taken"),
        };
        let id = content.split("Message-ID:").nth(1); // its value may be on the next line
        let message_id = between(id.unwrap_or_default(), '<', '>').to_owned();
        state.taken.push(Taken { to: to.to_owned(), message_id, content, at: Instant::now() });
        self.changed.notify_all();
        answer
    }
}

fn content(lines: &mut impl io::BufRead) -> io::Result<String> {
    let mut content = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line == "." {
            return Ok(content);
        }
        content.push_str(line.strip_prefix('.').unwrap_or(line));
        content.push('\n');
    }
}

/// The content that `BDAT` announces, lines ending in LF.
fn chunk(command: &str, lines: &mut impl io::BufRead) -> io::Result<String> {
    let size = command.split_ascii_whitespace().nth(1).and_then(|size| size.parse().ok());
    let mut content = vec![0; size.ok_or(io::ErrorKind::InvalidData)?];
    lines.read_exact(&mut content)?;
    let content = String::from_utf8(content).map_err(io::Error::other)?;
    Ok(content.replace("\r\n", "\n"))
}

/// Whether this `AUTH PLAIN` has the password.
fn knows(line: &str, password: &str) -> bool {
    let told = line.split_ascii_whitespace().nth(2).unwrap_or_default();
    let told = STANDARD.decode(told).unwrap_or_default();
    told.rsplit(|byte| *byte == 0).next() == Some(password.as_bytes())
}

fn between(text: &str, open: char, close: char) -> &str {
    let from = text.find(open).map_or(0, |at| at + 1);
    text[from..].split(close).next().unwrap_or_default()
}
