//! Many mails over one line at once.

use super::*;

const PIPELINING: (&str, Act) = ("EHLO", Say("250-test\r\n250 PIPELINING"));
const CHUNKING: (&str, Act) = ("EHLO", Say("250-test\r\n250-PIPELINING\r\n250 CHUNKING"));
const CONTENT: &str = "Subject: Hi\r\n\r\nHello\r\n.hidden\r\n";

/// What the session makes of `count` mails; then whether it goes on.
async fn offered(server: &Server, count: usize) -> (Vec<String>, bool) {
    let mut session = server.session().await;
    let mut many = Many::new(count);
    let usable = session.carry(&mut many).await;
    assert!(many.told.is_sorted(), "{:?}", many.told);
    (many.words(), usable)
}

/// The server says nothing until what it waits for has come.
#[tokio::test]
async fn the_next_mail_leaves_with_the_end_of_the_one_before() {
    let server = Server::playing(vec![vec![
        PIPELINING,
        ("MAIL", Mute),
        ("RCPT TO:<r0@", Mute),
        ("DATA", Say("250 a\r\n250 b\r\n354 c")),
        ("Subject", TakeMute),
        ("MAIL", Mute),
        ("RCPT TO:<r1@", Mute),
        ("DATA", Say("250 2.0.0 queued\r\n250 a\r\n250 b\r\n354 c")),
        ("Subject", Take("250 2.0.0 queued")),
    ]])
    .await;
    assert_eq!(offered(&server, 2).await, (vec!["ok".to_owned(); 2], true));
    let stuffed = "Subject: Hi\r\n\r\nHello\r\n..hidden\r\n.\r\n";
    assert_eq!(server.taken().await, [stuffed; 2]);
}

#[tokio::test]
async fn whole_mails_leave_one_behind_the_other_where_bdat_is_known() {
    let server = Server::playing(vec![vec![
        CHUNKING,
        ("MAIL", Mute),
        ("RCPT TO:<r0@", Mute),
        ("BDAT 31 LAST\r\n", ChunkMute),
        ("RSET", Mute),
        ("MAIL", Mute),
        ("RCPT TO:<r1@", Mute),
        ("BDAT 31 LAST\r\n", Chunk("250 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n250 f\r\n250 g")),
    ]])
    .await;
    assert_eq!(offered(&server, 2).await, (vec!["ok".to_owned(); 2], true));
    assert_eq!(server.taken().await, [CONTENT; 2]);
}

#[tokio::test]
async fn no_more_is_under_way_than_a_window_holds() {
    let part = [("MAIL", Mute), ("RCPT", Mute), ("BDAT", ChunkMute), ("RSET", Mute)];
    let mut script = vec![CHUNKING];
    script.extend(std::iter::repeat_n(part, 16).flatten().take(16 * 4 - 2));
    let all = "250 ok\r\n".repeat(16 * 4 - 1);
    // the 17th begins only when the first is answered
    script.push(("BDAT", Chunk(all.trim_end().to_owned().leak())));
    script.extend([("RSET", Say("250 ok")), ("MAIL", Say("250 ok")), ("RCPT", Say("250 ok"))]);
    script.push(("BDAT", Chunk("250 ok")));
    let server = Server::playing(vec![script]).await;
    assert_eq!(offered(&server, 17).await, (vec!["ok".to_owned(); 17], true));
    assert_eq!(server.taken().await.len(), 17);
}

#[tokio::test]
async fn a_mail_turned_away_does_not_disturb_the_others() {
    let (mail, rcpt, ok) = (("MAIL", Say("250 ok")), ("RCPT", Say("250 ok")), "250 2.0.0 ok");
    let server = Server::playing(vec![script(&[
        &[PIPELINING, mail, rcpt, DATA, ("Subject", Take(ok))],
        // its recipient is refused, and yet the content is waited for: a lone dot ends it
        &[mail, ("RCPT", Say("550 5.1.1 no such user")), DATA, (".\r\n", Say("554 no recipients"))],
        &[mail, rcpt, DATA, ("Subject", Take(ok))],
        // the first no counts, not what follows from it
        &[
            ("MAIL", Say("451 4.7.1 later")),
            ("RCPT", Say("503 MAIL first")),
            ("DATA", Say("503 what")),
        ],
        &[("RSET", Say(ok)), mail, rcpt, DATA, ("Subject", Take("554 5.7.1 spam"))],
        &[mail, rcpt, ("DATA", Say("452 4.3.1 full"))],
        &[("RSET", Say(ok)), mail, rcpt, DATA, ("Subject", Take(ok))],
    ])])
    .await;
    let (words, usable) = offered(&server, 7).await;
    assert_eq!(words, ["ok", "550", "ok", "451", "554", "452", "ok"]);
    assert!(usable);
    server.taken().await;
}

#[tokio::test]
async fn a_mail_turned_away_under_bdat_does_not_disturb_the_others() {
    let [rset, mail, rcpt] =
        [("RSET", Say("250 ok")), ("MAIL", Say("250 ok")), ("RCPT", Say("250 ok"))];
    let no = ("BDAT", Chunk("503 5.5.1 RCPT first"));
    let server = Server::playing(vec![script(&[
        &[CHUNKING, mail, ("RCPT", Say("550 5.1.1 no such user")), no],
        &[rset, mail, rcpt, ("BDAT", Chunk("250 ok"))],
        &[rset, ("MAIL", Say("450 4.7.1 later")), ("RCPT", Say("503 MAIL first")), no],
        &[rset, mail, rcpt, ("BDAT", Chunk("552 5.3.4 too large"))],
        &[rset, mail, rcpt, ("BDAT", Chunk("250 ok"))],
    ])])
    .await;
    let (words, usable) = offered(&server, 5).await;
    assert_eq!(words, ["550", "ok", "450", "552", "ok"]);
    assert!(usable);
    server.taken().await;
}

/// Only the mail whose content had left is of unknown fate.
#[tokio::test]
async fn a_line_lost_between_mails_says_what_was_offered() {
    let [mail, rcpt] = [("MAIL", Say("250 ok")), ("RCPT", Say("250 ok"))];
    let first = [mail, rcpt, DATA, ("Subject", Take("250 ok"))];
    let loss = ("Subject", Lose);
    let cases = [
        (script(&[&[PIPELINING], &first, &[mail, rcpt, DATA, loss]]), ["ok", "unknown", "-"]),
        (script(&[&[PIPELINING], &first, &[("MAIL", HangUp)]]), ["ok", "-", "-"]),
        (script(&[&[PIPELINING], &first, &[mail, ("RCPT", HangUp)]]), ["ok", "lost", "-"]),
        (script(&[&[PIPELINING], &first, &[mail, ("RCPT", Say("421 bye"))]]), ["ok", "421", "-"]),
        (script(&[&[PIPELINING], &first, &[("MAIL", Say("421 bye"))]]), ["ok", "-", "-"]),
        (
            script(&[&[PIPELINING, mail, rcpt, DATA, ("Subject", Take("421 bye"))]]),
            ["421", "-", "-"],
        ),
        (
            script(&[&[PIPELINING, mail, ("RCPT", Say("550 no")), DATA, (".", HangUp)]]),
            ["550", "-", "-"],
        ),
        (script(&[&[PIPELINING], &first, &[("MAIL", Say("banana"))]]), ["ok", "lost", "-"]),
    ];
    for (script, expected) in cases {
        let shown = format!("{script:?}");
        let server = Server::playing(vec![script]).await;
        let (words, usable) = offered(&server, 3).await;
        assert_eq!(words, expected, "{shown}");
        assert!(!usable);
        server.taken().await;
    }
}

#[tokio::test]
async fn a_line_lost_under_bdat_leaves_open_what_had_left() {
    let rest = [("RSET", Mute), ("MAIL", Mute), ("RCPT", Mute), ("BDAT", ChunkMute)];
    let first = [("MAIL", Mute), ("RCPT", Mute), ("BDAT", ChunkMute)];
    let read = script(&[&[CHUNKING], &first, &rest, &rest[..3]]);
    for (end, expected) in [
        (Chunk("250 a\r\n250 b\r\n250 c"), ["ok", "unknown", "unknown"]),
        (Chunk("250 a\r\n550 b\r\n503 c\r\n421 bye"), ["550", "-", "-"]),
    ] {
        let server = Server::playing(vec![script(&[&read, &[("BDAT", end)]])]).await;
        let (words, usable) = offered(&server, 3).await;
        assert_eq!(words, expected);
        assert!(!usable);
        server.taken().await;
    }
}

/// A server that said it would hang up, and went on: what it took is known to be taken.
#[tokio::test]
async fn what_is_answered_after_a_goodbye_counts() {
    let [mail, rcpt] = [("MAIL", Say("250 ok")), ("RCPT", Say("250 ok"))];
    let server = Server::playing(vec![script(&[
        &[CHUNKING, mail, ("RCPT", Say("421 closing")), ("BDAT", Chunk("503 what"))],
        &[("RSET", Say("250 ok")), mail, rcpt, ("BDAT", Chunk("250 ok"))],
    ])])
    .await;
    let (words, usable) = offered(&server, 3).await;
    assert_eq!(words, ["421", "ok", "-"]);
    assert!(!usable);
    server.taken().await;
}

/// What the server cannot take is told without asking it, and costs the others nothing.
#[tokio::test]
async fn a_mail_that_does_not_fit_is_not_offered() {
    let ehlo = ("EHLO", Say("250-test\r\n250-PIPELINING\r\n250 SIZE 100"));
    let mail = ("MAIL FROM:<news@example.com> SIZE=31\r\n", Say("250 ok"));
    let part = [mail, ("RCPT", Say("250 ok")), DATA, ("Subject", Take("250 ok"))];
    let server = Server::playing(vec![script(&[&[ehlo], &part, &part])]).await;
    let mut session = server.session().await;
    let mut many = Many::new(3);
    many.parcels[1].bytes = Bytes::from(vec![b'x'; 101]);
    assert!(session.carry(&mut many).await);
    assert_eq!(many.words(), ["ok", "unfit", "ok"]);
    server.taken().await;
}
