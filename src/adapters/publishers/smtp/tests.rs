//! A server that follows a script, and what the publisher makes of it.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::core::publishing::{Parcel, Sent, Verdict};

/// What the server does when a line that starts like this comes.
type Script = Vec<(&'static str, Act)>;

#[derive(Clone, Copy)]
enum Act {
    Say(&'static str),
    /// Read up to the final dot, then say.
    Take(&'static str),
    /// Read up to the final dot, then hang up.
    Lose,
    HangUp,
    /// Say nothing until the client has gone.
    Stall,
}
use Act::{HangUp, Lose, Say, Stall, Take};

const EHLO: (&str, Act) = ("EHLO", Say("250-test\r\n250 8BITMIME"));
const MAIL: (&str, Act) = ("MAIL FROM:<news@example.com>\r\n", Say("250 2.1.0 Ok"));
const RCPT: (&str, Act) = ("RCPT TO:<ana@example.com>\r\n", Say("250 2.1.5 Ok"));
const DATA: (&str, Act) = ("DATA", Say("354 Go on"));
const BODY: (&str, Act) = ("Subject: Hi", Take("250 2.0.0 Ok: queued as 1A2B"));
const RSET: (&str, Act) = ("RSET", Say("250 2.0.0 Ok"));
const QUIT: (&str, Act) = ("QUIT", Say("221 2.0.0 Bye"));
const ACCEPTED: [(&str, Act); 4] = [MAIL, RCPT, DATA, BODY];

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
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test ESMTP\r\n").await.unwrap();
    for (expected, act) in script {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(expected), "{line:?} where {expected:?} was due");
        if matches!(act, Take(_) | Lose) {
            while !line.ends_with("\r\n.\r\n") {
                assert!(stream.read_line(&mut line).await.unwrap() > 0, "no final dot");
            }
            taken.push(line);
        }
        match act {
            Say(reply) | Take(reply) => {
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
    assert_eq!(session.send(&parcel()).await, accepted());
    assert_eq!(session.send(&parcel()).await, accepted());
    session.close().await;
    let content = "Subject: Hi\r\n\r\nHello\r\n..hidden\r\n.\r\n";
    assert_eq!(server.taken().await, [content, content]);
}

#[tokio::test]
async fn a_refused_recipient_does_not_stop_the_next_mail() {
    let no = ("RCPT", Say("550-5.1.1 No such user\r\n550 5.1.1 here\u{7}"));
    let server = Server::playing(vec![script(&[&[EHLO, MAIL, no, RSET], &ACCEPTED])]).await;
    let mut session = server.session().await;
    assert_eq!(session.send(&parcel()).await, refused(550, "5.1.1 No such user here"));
    assert_eq!(session.send(&parcel()).await, accepted());
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
    assert_eq!(session.send(&parcel()).await, deferred(451, "4.7.1 Greylisted", true));
    assert_eq!(session.send(&parcel()).await, deferred(452, "4.3.1 Queue is full", true));
    assert_eq!(session.send(&parcel()).await, deferred(421, "4.3.2 Shutting down", false));
    assert_eq!(lost(session.send(&parcel()).await), "the session is closed");
    server.taken().await;
}

#[tokio::test]
async fn a_line_lost_after_the_content_leaves_the_outcome_open() {
    let server = Server::playing(vec![vec![EHLO, MAIL, RCPT, DATA, ("Subject", Lose)]]).await;
    let mut session = server.session().await;
    assert_eq!(
        lost(session.send(&parcel()).await),
        "the connection broke off (incomplete response); the server may have taken the mail, the \
         next attempt has the same Message-ID"
    );
    assert_eq!(server.taken().await.len(), 1);
}

#[tokio::test]
async fn a_line_lost_before_the_content_says_nothing_of_the_kind() {
    let server = Server::playing(vec![vec![EHLO, MAIL, RCPT, ("DATA", HangUp)]]).await;
    let reply = lost(server.session().await.send(&parcel()).await);
    assert_eq!(reply, "the connection broke off (incomplete response)");
    server.taken().await;
}

#[tokio::test]
async fn an_idle_line_that_was_closed_is_replaced_unseen() {
    let timed_out = ("MAIL", Say("421 4.4.2 Timeout exceeded"));
    let server = Server::playing(vec![
        script(&[&[EHLO], &ACCEPTED]),
        script(&[&[EHLO], &ACCEPTED, &[timed_out]]),
        script(&[&[EHLO], &ACCEPTED]),
    ])
    .await;
    let mut session = server.session().await;
    for _ in 0..3 {
        assert_eq!(session.send(&parcel()).await, accepted());
    }
    server.taken().await;
}

#[tokio::test]
async fn a_fresh_line_that_breaks_is_not_replaced() {
    let server = Server::playing(vec![vec![EHLO, ("MAIL", HangUp)]]).await;
    lost(server.session().await.send(&parcel()).await);
    server.taken().await;
}

#[tokio::test]
async fn what_is_no_smtp_defers_the_mail() {
    for garbage in ["banana", "250 2.1.0 Ok\u{fffd}\r\n999 what", "200", "354 Go on"] {
        let server = Server::playing(vec![vec![EHLO, ("MAIL", Say(garbage)), RCPT]]).await;
        let mut session = server.session().await;
        let sent = session.send(&parcel()).await;
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
    assert!(error.to_string().contains("no answer within 0.4 s"), "{error}");

    let reply = lost(publisher.connect().await.unwrap().send(&parcel()).await);
    assert_eq!(reply, "no answer within 0.2 s");
    let reply = lost(publisher.connect().await.unwrap().send(&parcel()).await);
    assert!(reply.starts_with("no answer within 0.2 s; the server may have taken"), "{reply}");
    server.taken().await;
}

#[tokio::test]
async fn a_send_given_up_takes_its_line_with_it() {
    let server = Server::playing(vec![vec![EHLO, ("MAIL", Stall)]]).await;
    let mut session = server.session().await;
    let parcel = parcel();
    let given_up = tokio::time::timeout(Duration::from_millis(50), session.send(&parcel)).await;
    assert!(given_up.is_err());
    assert_eq!(lost(session.send(&parcel).await), "the session is closed");
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

    assert_eq!(publisher.connect().await.unwrap().send(&parcel()).await, accepted());
    let error = publisher.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::SignIn { code: 535, .. }), "{error:?}");
    assert!(!error.is_temporary());
    assert!(publisher.connect().await.err().unwrap().is_temporary());
    let error = publisher.connect().await.err().unwrap();
    assert!(error.to_string().contains("offers neither AUTH PLAIN nor AUTH LOGIN"), "{error}");
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
    match session.send(&abroad).await {
        Sent { verdict: Verdict::Refused { code: None, reply }, usable: true } => {
            assert!(reply.contains("does not offer SMTPUTF8"), "{reply}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(session.send(&parcel()).await, accepted());
    drop(session);
    assert_eq!(server.session().await.send(&abroad).await, accepted());
    server.taken().await;
}

#[tokio::test]
async fn a_name_beyond_ascii_in_the_domain_needs_nothing() {
    let rcpt = ("RCPT TO:<ana@xn--caf-dma.example>\r\n", Say("250 Ok"));
    let server = Server::playing(vec![vec![EHLO, MAIL, rcpt, DATA, BODY]]).await;
    let parcel = Parcel { to: "ana@café.example".to_owned(), ..parcel() };
    assert_eq!(server.session().await.send(&parcel).await, accepted());
    server.taken().await;
}

#[tokio::test]
async fn no_address_can_add_a_command() {
    let server = Server::playing(vec![script(&[&[EHLO], &ACCEPTED])]).await;
    let mut session = server.session().await;
    for to in ["a@b.example>\r\nDATA", "\"a\r\nRSET\"@b.example", "nobody", "a b@c.example"] {
        let sent = session.send(&Parcel { to: to.to_owned(), ..parcel() }).await;
        assert!(matches!(sent.verdict, Verdict::Refused { code: None, .. }), "{to}: {sent:?}");
        assert!(sent.usable);
    }
    assert_eq!(session.send(&parcel()).await, accepted());
    server.taken().await;
}

#[test]
fn replies_are_cut_to_what_a_table_can_show() {
    assert_eq!(fault::reply_text(&"ñ".repeat(900)).chars().count(), 500);
    assert_eq!(fault::reply_text("4.7.1 a\r\n\u{1b}[31mb\n"), "4.7.1 a   [31mb");
}
