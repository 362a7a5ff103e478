//! A server that follows a script, and what the publisher makes of it.

mod faults;
mod pipelines;
mod secure;

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::core::publishing::{Offer, Parcel, Single, Verdict};

/// What the server does when a line that starts like this comes.
type Script = Vec<(&'static str, Act)>;

#[derive(Clone, Copy, Debug)]
enum Act {
    Say(&'static str),
    /// Read up to the final dot, then say.
    Take(&'static str),
    /// Read up to the final dot, then hang up.
    Lose,
    HangUp,
    /// Say nothing until the client has gone.
    Stall,
    /// Say nothing yet.
    Mute,
    /// Read up to the final dot, and say nothing yet.
    TakeMute,
    /// Read as many bytes as BDAT announces, then say.
    Chunk(&'static str),
    ChunkMute,
}
use Act::{Chunk, ChunkMute, HangUp, Lose, Mute, Say, Stall, Take, TakeMute};

const EHLO: (&str, Act) = ("EHLO", Say("250-test\r\n250 8BITMIME"));
const MAIL: (&str, Act) = ("MAIL FROM:<news@example.com>\r\n", Say("250 2.1.0 Ok"));
const RCPT: (&str, Act) = ("RCPT TO:<ana@example.com>\r\n", Say("250 2.1.5 Ok"));
const DATA: (&str, Act) = ("DATA", Say("354 Go on"));
const BODY: (&str, Act) = ("Subject: Hi", Take("250 2.0.0 Ok: queued as 1A2B"));
const RSET: (&str, Act) = ("RSET", Say("250 2.0.0 Ok"));
const QUIT: (&str, Act) = ("QUIT", Say("221 2.0.0 Bye"));
const ACCEPTED: [(&str, Act); 4] = [MAIL, RCPT, DATA, BODY];

/// What became of a mail, and whether its session can go on.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    verdict: Verdict,
    usable: bool,
}

async fn send(session: &mut Box<dyn Session>, parcel: &Parcel) -> Sent {
    let mut single = Single::new(parcel);
    let usable = session.carry(&mut single).await;
    Sent { verdict: single.verdict().expect("the mail is offered"), usable }
}

/// Whether the session hands the mail back unsent, which is the end of it.
async fn is_not_offered(session: &mut Box<dyn Session>) -> bool {
    let parcel = parcel();
    let mut single = Single::new(&parcel);
    !session.carry(&mut single).await && single.verdict().is_none()
}

/// Mails to be offered at once, and what became of each.
struct Many {
    parcels: Vec<Parcel>,
    next: usize,
    verdicts: Vec<Option<Verdict>>,
    /// The mails in the order of their verdicts.
    told: Vec<usize>,
}

impl Many {
    /// To `r0@example.com` and so on.
    fn new(count: usize) -> Self {
        let parcel = |at| Parcel { to: format!("r{at}@example.com"), ..parcel() };
        let parcels = (0..count).map(parcel).collect();
        Self { parcels, next: 0, verdicts: vec![None; count], told: Vec::new() }
    }

    /// The verdicts as words: `ok`, the code, `unknown` after a loss, or `-` when not offered.
    fn words(&self) -> Vec<String> {
        let word = |verdict: &Option<Verdict>| match verdict {
            None => "-".to_owned(),
            Some(Verdict::Accepted { .. }) => "ok".to_owned(),
            Some(
                Verdict::Deferred { code: Some(code), .. }
                | Verdict::Refused { code: Some(code), .. },
            ) => code.to_string(),
            Some(Verdict::Deferred { reply, .. }) if reply.contains("may have taken") => {
                "unknown".to_owned()
            }
            Some(Verdict::Deferred { .. }) => "lost".to_owned(),
            Some(Verdict::Refused { .. }) => "unfit".to_owned(),
        };
        self.verdicts.iter().map(word).collect()
    }
}

impl Offer for Many {
    fn next(&mut self) -> Option<(usize, &Parcel)> {
        self.next += 1;
        self.parcels.get(self.next - 1).map(|parcel| (self.next - 1, parcel))
    }

    fn settle(&mut self, number: usize, verdict: Verdict) {
        assert_eq!(self.verdicts[number].replace(verdict), None, "told twice");
        self.told.push(number);
    }
}

/// Serves one connection a script. Its end gives the contents taken; it panics at the first line
/// that the script does not foresee.
struct Server {
    port: u16,
    run: JoinHandle<Vec<String>>,
}

impl Server {
    async fn playing(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let run = tokio::spawn(async move {
            let mut taken = Vec::new();
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                play(stream, script, &mut taken).await;
            }
            taken
        });
        Self { port, run }
    }

    fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: Tls::None,
            username: None,
            password: None,
            timeout: Duration::from_secs(20),
            hello_name: Some("client.example".to_owned()),
            ca_file: None,
        }
    }

    async fn session(&self) -> Box<dyn Session> {
        SmtpPublisher::new(self.settings()).connect().await.unwrap()
    }

    /// Waits for the script's end.
    async fn taken(self) -> Vec<String> {
        self.run.await.unwrap()
    }
}

async fn play(stream: TcpStream, script: Script, taken: &mut Vec<String>) {
    converse(&mut BufReader::new(stream), script, true, taken).await;
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    script: Script,
    greets: bool,
    taken: &mut Vec<String>,
) {
    if greets {
        stream.write_all(b"220 test ESMTP\r\n").await.unwrap();
    }
    for (expected, act) in script {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(expected), "{line:?} where {expected:?} was due");
        if matches!(act, Take(_) | TakeMute | Lose) {
            while !line.ends_with("\r\n.\r\n") {
                assert!(stream.read_line(&mut line).await.unwrap() > 0, "no final dot");
            }
            taken.push(line.clone());
        }
        if matches!(act, Chunk(_) | ChunkMute) {
            let size = line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
            let mut content = vec![0; size];
            stream.read_exact(&mut content).await.unwrap();
            taken.push(String::from_utf8(content).unwrap());
        }
        match act {
            Mute | TakeMute | ChunkMute => {}
            Say(reply) | Take(reply) | Chunk(reply) => {
                stream.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
            }
            Lose | HangUp => return,
            Stall => {
                let _ = stream.read_to_end(&mut Vec::new()).await;
                return;
            }
        }
    }
}

fn script(parts: &[&[(&'static str, Act)]]) -> Script {
    parts.concat()
}

fn parcel() -> Parcel {
    Parcel {
        from: "news@example.com".to_owned(),
        to: "ana@example.com".to_owned(),
        message_id: "1@example.com".to_owned(),
        bytes: Bytes::from_static(b"Subject: Hi\r\n\r\nHello\r\n.hidden\r\n"),
    }
}

fn accepted() -> Sent {
    let reply = "2.0.0 Ok: queued as 1A2B".to_owned();
    Sent { verdict: Verdict::Accepted { reply }, usable: true }
}

fn deferred(code: u16, reply: &str, usable: bool) -> Sent {
    Sent { verdict: Verdict::Deferred { code: Some(code), reply: reply.to_owned() }, usable }
}

fn refused(code: u16, reply: &str) -> Sent {
    let verdict = Verdict::Refused { code: Some(code), reply: reply.to_owned() };
    Sent { verdict, usable: true }
}

/// The words of a verdict that no server spoke; the session is gone with it.
fn lost(sent: Sent) -> String {
    match sent {
        Sent { verdict: Verdict::Deferred { code: None, reply }, usable: false } => reply,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_connection_carries_many_mails() {
    let server = Server::playing(vec![script(&[&[EHLO], &ACCEPTED, &ACCEPTED, &[QUIT]])]).await;
    let mut session = server.session().await;
    assert_eq!(send(&mut session, &parcel()).await, accepted());
    assert_eq!(send(&mut session, &parcel()).await, accepted());
    session.close().await;
    let content = "Subject: Hi\r\n\r\nHello\r\n..hidden\r\n.\r\n";
    assert_eq!(server.taken().await, [content, content]);
}

#[tokio::test]
async fn a_refused_recipient_does_not_stop_the_next_mail() {
    let no = ("RCPT", Say("550-5.1.1 No such user\r\n550 5.1.1 here\u{7}"));
    let server = Server::playing(vec![script(&[&[EHLO, MAIL, no, RSET], &ACCEPTED])]).await;
    let mut session = server.session().await;
    assert_eq!(send(&mut session, &parcel()).await, refused(550, "5.1.1 No such user here"));
    assert_eq!(send(&mut session, &parcel()).await, accepted());
    server.taken().await;
}

#[tokio::test]
async fn what_is_put_off_is_deferred_and_what_closes_ends_the_session() {
    let later = ("RCPT", Say("451 4.7.1 Greylisted"));
    let full = ("Subject: Hi", Take("452 4.3.1 Queue is full"));
    let closing = ("DATA", Say("421 4.3.2 Shutting down"));
    let server = Server::playing(vec![script(&[
        &[EHLO, MAIL, later, RSET],
        &[MAIL, RCPT, DATA, full],
        &[MAIL, RCPT, closing],
    ])])
    .await;
    let mut session = server.session().await;
    assert_eq!(send(&mut session, &parcel()).await, deferred(451, "4.7.1 Greylisted", true));
    assert_eq!(send(&mut session, &parcel()).await, deferred(452, "4.3.1 Queue is full", true));
    assert_eq!(send(&mut session, &parcel()).await, deferred(421, "4.3.2 Shutting down", false));
    assert!(is_not_offered(&mut session).await);
    server.taken().await;
}

#[tokio::test]
async fn a_line_lost_after_the_content_leaves_the_outcome_open() {
    let server = Server::playing(vec![vec![EHLO, MAIL, RCPT, DATA, ("Subject", Lose)]]).await;
    let mut session = server.session().await;
    assert_eq!(
        lost(send(&mut session, &parcel()).await),
        "the connection broke off (the server hung up); the server may have taken the mail, the \
         next attempt has the same Message-ID"
    );
    assert_eq!(server.taken().await.len(), 1);
}

#[tokio::test]
async fn a_line_lost_before_the_content_says_nothing_of_the_kind() {
    let server = Server::playing(vec![vec![EHLO, MAIL, RCPT, ("DATA", HangUp)]]).await;
    let reply = lost(send(&mut server.session().await, &parcel()).await);
    assert_eq!(reply, "the connection broke off (the server hung up)");
    server.taken().await;
}

#[tokio::test]
async fn a_mail_upon_a_line_closed_since_is_not_offered() {
    let timed_out = ("MAIL", Say("421 4.4.2 Timeout exceeded"));
    let server = Server::playing(vec![
        script(&[&[EHLO], &ACCEPTED]),
        script(&[&[EHLO], &ACCEPTED, &[timed_out]]),
        script(&[&[EHLO], &ACCEPTED]),
    ])
    .await;
    for last in [false, false, true] {
        let mut session = server.session().await;
        assert_eq!(send(&mut session, &parcel()).await, accepted());
        assert!(last || is_not_offered(&mut session).await);
    }
    server.taken().await;
}

#[tokio::test]
async fn a_fresh_line_that_breaks_is_not_replaced() {
    let server = Server::playing(vec![vec![EHLO, ("MAIL", HangUp)]]).await;
    lost(send(&mut server.session().await, &parcel()).await);
    server.taken().await;
}

#[tokio::test]
async fn what_is_no_smtp_defers_the_mail() {
    for garbage in ["banana", "250 2.1.0 Ok\u{fffd}\r\n999 what", "200", "354 Go on"] {
        let server = Server::playing(vec![vec![EHLO, ("MAIL", Say(garbage)), RCPT]]).await;
        let mut session = server.session().await;
        let sent = send(&mut session, &parcel()).await;
        assert!(!sent.usable, "{garbage}: {sent:?}");
        assert!(matches!(sent.verdict, Verdict::Deferred { .. }), "{garbage}: {sent:?}");
        server.run.abort();
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_in_time() {
    let server = Server::playing(vec![
        vec![("EHLO", Stall)],
        vec![EHLO, MAIL, ("RCPT", Stall)],
        vec![EHLO, MAIL, RCPT, DATA, ("Subject", Stall)],
    ])
    .await;
    let publisher = SmtpPublisher::new(SmtpSettings {
        timeout: Duration::from_millis(200),
        ..server.settings()
    });

    let error = publisher.connect().await.err().unwrap();
    assert!(error.is_temporary(), "{error}");
    assert!(error.to_string().contains("no answer within 0.2 s"), "{error}");

    let reply = lost(send(&mut publisher.connect().await.unwrap(), &parcel()).await);
    assert_eq!(reply, "no answer within 0.2 s");
    let reply = lost(send(&mut publisher.connect().await.unwrap(), &parcel()).await);
    assert!(reply.starts_with("no answer within 0.2 s; the server may have taken"), "{reply}");
    server.taken().await;
}

#[tokio::test]
async fn a_send_given_up_takes_its_line_with_it() {
    let server = Server::playing(vec![vec![EHLO, ("MAIL", Stall)]]).await;
    let mut session = server.session().await;
    let parcel = parcel();
    let offered = send(&mut session, &parcel);
    let given_up = tokio::time::timeout(Duration::from_millis(50), offered).await;
    assert!(given_up.is_err());
    assert!(is_not_offered(&mut session).await);
    server.taken().await;
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let server = Server::playing(vec![vec![EHLO]]).await;
    let settings = SmtpSettings { tls: Tls::Starttls, ..server.settings() };
    let error = SmtpPublisher::new(settings).connect().await.err().unwrap();
    assert!(!error.is_temporary());
    assert!(error.to_string().contains("does not offer STARTTLS"), "{error}");
    server.taken().await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart_from_one_that_is_down() {
    let server = Server::playing(vec![vec![("\u{16}", HangUp)]]).await;
    let settings = SmtpSettings { tls: Tls::Tls, ..server.settings() };
    let error = SmtpPublisher::new(settings).connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Settings { .. }), "{error:?}");
    server.run.abort();

    let server = Server::playing(vec![]).await;
    let publisher = SmtpPublisher::new(server.settings());
    server.taken().await;
    let error = publisher.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_sign_in_is_accepted_or_refused() {
    let ehlo = ("EHLO client.example", Say("250-test\r\n250 AUTH PLAIN"));
    let plain = |reply| ("AUTH PLAIN AHVzZXIAcGFzcw==", Say(reply));
    let server = Server::playing(vec![
        script(&[&[ehlo, plain("235 2.7.0 Welcome")], &ACCEPTED]),
        vec![ehlo, plain("535 5.7.8 Who are you?")],
        vec![ehlo, plain("454 4.7.0 The directory is down")],
        vec![EHLO],
    ])
    .await;
    let publisher = SmtpPublisher::new(SmtpSettings {
        username: Some("user".to_owned()),
        password: Some(Secret::new("pass".to_owned())),
        ..server.settings()
    });
    assert!(!format!("{publisher:?}").contains("pass\""));

    assert_eq!(send(&mut publisher.connect().await.unwrap(), &parcel()).await, accepted());
    let error = publisher.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::SignIn { code: 535, .. }), "{error:?}");
    assert!(!error.is_temporary());
    assert!(publisher.connect().await.err().unwrap().is_temporary());
    let error = publisher.connect().await.err().unwrap();
    assert!(error.to_string().contains("offers neither AUTH PLAIN nor AUTH LOGIN"), "{error}");
    server.taken().await;
}

#[tokio::test]
async fn a_sign_in_by_login_is_asked_for_name_and_password() {
    let server = Server::playing(vec![script(&[
        &[
            ("EHLO", Say("250-test\r\n250 AUTH=LOGIN CRAM-MD5")),
            ("AUTH LOGIN", Say("334 VXNlcm5hbWU6")),
            ("dXNlcg==", Say("334 UGFzc3dvcmQ6")),
            ("cGFzcw==", Say("235 2.7.0 Welcome")),
        ],
        &ACCEPTED,
    ])])
    .await;
    let settings = SmtpSettings {
        username: Some("user".to_owned()),
        password: Some(Secret::new("pass".to_owned())),
        ..server.settings()
    };
    let mut session = SmtpPublisher::new(settings).connect().await.unwrap();
    assert_eq!(send(&mut session, &parcel()).await, accepted());
    server.taken().await;
}

#[tokio::test]
async fn a_server_of_old_is_greeted_as_it_knows() {
    let ehlo = ("EHLO", Say("502 5.5.1 What?"));
    let helo = ("HELO client.example", Say("250 test"));
    let server = Server::playing(vec![
        script(&[&[ehlo, helo], &ACCEPTED]),
        vec![ehlo, ("HELO", Say("550 5.7.1 Go away"))],
    ])
    .await;
    assert_eq!(send(&mut server.session().await, &parcel()).await, accepted());
    let error = SmtpPublisher::new(server.settings()).connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::TurnedAway { code: 550, .. }), "{error:?}");
    server.taken().await;
}

#[tokio::test]
async fn a_password_stays_at_home_without_tls() {
    let server = Server::playing(vec![]).await;
    let settings = SmtpSettings {
        host: "mail.example.com".to_owned(),
        username: Some("user".to_owned()),
        password: Some(Secret::new("pass".to_owned())),
        ..server.settings()
    };
    let error = SmtpPublisher::new(settings).connect().await.err().unwrap();
    assert!(error.to_string().contains("would cross the network in the clear"), "{error}");
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let eai = ("EHLO", Say("250-test\r\n250-8BITMIME\r\n250 SMTPUTF8"));
    let mail = ("MAIL FROM:<news@example.com> BODY=8BITMIME SMTPUTF8", Say("250 Ok"));
    let rcpt = ("RCPT TO:<josé@xn--caf-dma.example>\r\n", Say("250 Ok"));
    let server =
        Server::playing(vec![script(&[&[EHLO], &ACCEPTED]), vec![eai, mail, rcpt, DATA, BODY]])
            .await;
    let abroad = Parcel { to: "josé@café.example".to_owned(), ..parcel() };

    let mut session = server.session().await;
    match send(&mut session, &abroad).await {
        Sent { verdict: Verdict::Refused { code: None, reply }, usable: true } => {
            assert!(reply.contains("does not offer SMTPUTF8"), "{reply}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(send(&mut session, &parcel()).await, accepted());
    drop(session);
    assert_eq!(send(&mut server.session().await, &abroad).await, accepted());
    server.taken().await;
}

#[tokio::test]
async fn a_name_beyond_ascii_in_the_domain_needs_nothing() {
    let rcpt = ("RCPT TO:<ana@xn--caf-dma.example>\r\n", Say("250 Ok"));
    let server = Server::playing(vec![vec![EHLO, MAIL, rcpt, DATA, BODY]]).await;
    let parcel = Parcel { to: "ana@café.example".to_owned(), ..parcel() };
    assert_eq!(send(&mut server.session().await, &parcel).await, accepted());
    server.taken().await;
}

#[tokio::test]
async fn no_address_can_add_a_command() {
    let server = Server::playing(vec![script(&[&[EHLO], &ACCEPTED])]).await;
    let mut session = server.session().await;
    for to in ["a@b.example>\r\nDATA", "\"a\r\nRSET\"@b.example", "nobody", "a b@c.example"] {
        let sent = send(&mut session, &Parcel { to: to.to_owned(), ..parcel() }).await;
        assert!(matches!(sent.verdict, Verdict::Refused { code: None, .. }), "{to}: {sent:?}");
        assert!(sent.usable);
    }
    assert_eq!(send(&mut session, &parcel()).await, accepted());
    server.taken().await;
}
