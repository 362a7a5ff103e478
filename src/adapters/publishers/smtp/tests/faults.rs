//! A server that misbehaves at each step of the conversation: the mail is in the right state, in
//! bounded time, and nothing that comes is kept without end.

use super::*;

/// What is said at each step, up to the step where something goes wrong.
const STEPS: [(&str, Act); 5] = [EHLO, MAIL, RCPT, DATA, BODY];
const SHORT: Duration = Duration::from_millis(300);
/// Far beyond what any of these may take.
const LONG: Duration = Duration::from_secs(10);

async fn publisher(script: Script) -> (SmtpPublisher, Server) {
    let server = Server::playing(vec![script]).await;
    let settings = SmtpSettings { timeout: SHORT, ..server.settings() };
    (SmtpPublisher::new(settings), server)
}

/// The steps before the one at `at`, and `act` there.
fn going_wrong(at: usize, act: Act) -> Script {
    let mut script = STEPS[..at].to_vec();
    let act = match act {
        Say(reply) if at == STEPS.len() - 1 => Take(reply),
        act => act,
    };
    script.push((STEPS[at].0, act));
    script
}

#[tokio::test]
async fn each_code_at_each_step_has_its_verdict() {
    let codes = [
        (421, "421 4.3.2 shutting down"),
        (450, "450 4.2.1 busy mailbox"),
        (451, "451 4.7.1 greylisted"),
        (452, "452 4.2.2 full"),
        (454, "454 4.7.0 not now"),
        (550, "550 5.1.1 no such user"),
        (552, "552 5.2.2 over quota"),
        (554, "554 5.7.1 spam"),
        (550, "550 5.7.26 unauthenticated"),
    ];
    for (code, said) in codes {
        let text = &said[4..];
        for at in 1..STEPS.len() {
            let (publisher, server) = publisher(going_wrong(at, Say(said))).await;
            let mut session = publisher.connect().await.unwrap();
            let sent = send(&mut session, &parcel()).await;
            let reply = text.to_owned();
            let expected = match code {
                500.. => Verdict::Refused { code: Some(code), reply },
                _ => Verdict::Deferred { code: Some(code), reply },
            };
            assert_eq!(sent, Sent { verdict: expected, usable: code != 421 }, "{at}: {said}");
            server.taken().await;
        }
        // at EHLO, 5xx asks for HELO
        let mut script = going_wrong(0, Say(said));
        if code >= 500 {
            script.push(("HELO", Say(said)));
        }
        let (publisher, server) = publisher(script).await;
        let error = publisher.connect().await.err().unwrap();
        assert_eq!(error.is_temporary(), code < 500, "{said}: {error}");
        assert!(error.to_string().contains(said), "{said}: {error}");
        server.taken().await;
    }
}

#[tokio::test]
async fn a_server_that_vanishes_or_stalls_is_left_in_time() {
    for at in 0..STEPS.len() {
        for act in [HangUp, Stall] {
            let begun = std::time::Instant::now();
            let (publisher, server) = publisher(going_wrong(at, act)).await;
            let told = match publisher.connect().await {
                Err(error) => {
                    assert!(at == 0 && error.is_temporary(), "{at} {act:?}: {error}");
                    error.to_string()
                }
                Ok(mut session) => lost(send(&mut session, &parcel()).await),
            };
            let words =
                if matches!(act, Stall) { "no answer within 0.3 s" } else { "the server hung up" };
            assert!(told.contains(words), "{at} {act:?}: {told}");
            let open = told.contains("may have taken");
            assert_eq!(open, at == STEPS.len() - 1, "{at} {act:?}: {told}");
            assert!(begun.elapsed() < LONG);
            server.run.abort();
        }
    }
}

#[tokio::test]
async fn garbage_without_end_is_read_to_a_limit() {
    let long_line: &str = "2".repeat(10 * 1024 * 1024).leak();
    let endless: &str = "250-and more\r\n".repeat(200_000).leak();
    for (garbage, why) in [
        ("banana", "`banana` is no reply"),
        ("\u{0}\u{ff}\u{1}", "is no reply"),
        ("999 what", "`999 what` is no reply"),
        ("250-a\r\n350 b", "is no reply"),
        (long_line, "a line is longer than 4096 bytes"),
        (endless, "a reply has more than 100 lines"),
    ] {
        for at in 0..STEPS.len() {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let served = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(b"220 test\r\n").await.unwrap();
                let mut answers = STEPS[..at].iter();
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                    let next = if line.starts_with("Subject") && !line.ends_with("\r\n.\r\n") {
                        continue;
                    } else {
                        line.clear();
                        answers.next()
                    };
                    let words = match next {
                        Some((_, Say(words) | Take(words))) => words,
                        _ => garbage,
                    };
                    // the client may be gone in the middle of ten megabytes
                    if stream.write_all(format!("{words}\r\n").as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
            let settings = SmtpSettings {
                host: "127.0.0.1".to_owned(),
                port,
                tls: Tls::None,
                username: None,
                password: None,
                timeout: LONG,
                hello_name: None,
                ca_file: None,
            };
            let told = match SmtpPublisher::new(settings).connect().await {
                Err(error) => {
                    assert!(at == 0 && error.is_temporary(), "{at}: {error}");
                    error.to_string()
                }
                Ok(mut session) => lost(send(&mut session, &parcel()).await),
            };
            assert!(told.contains("what came is no SMTP: "), "{at}: {told}");
            assert!(told.contains(why), "{at}: {told}");
            served.await.unwrap();
        }
    }
}

/// A reply that comes byte by byte is no reason to wait for ever.
#[tokio::test]
async fn a_reply_that_trickles_has_the_time_of_a_reply() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server =
        Server { port: listener.local_addr().unwrap().port(), run: tokio::spawn(async { vec![] }) };
    let trickle = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut pause = tokio::time::interval(SHORT / 10);
        while stream.write_all(b"2").await.is_ok() {
            pause.tick().await;
        }
    });
    let publisher = SmtpPublisher::new(SmtpSettings { timeout: SHORT, ..server.settings() });
    let error = publisher.connect().await.err().unwrap();
    assert!(error.to_string().contains("no answer within 0.3 s"), "{error}");
    trickle.await.unwrap();
}
