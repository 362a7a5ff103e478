//! Mails as bytes.

use super::*;
use crate::core::kernel::Timestamp;

fn email() -> Email {
    let mailbox =
        |name: &str, email: &str| Mailbox { name: Some(name.into()), email: email.into() };
    Email {
        message_id: "0190@news.example".into(),
        date: "2026-03-01T09:00:00.250Z".parse().unwrap(),
        from: mailbox("Café \"Sol\"", "news@example.com"),
        to: mailbox("Ana Núñez", "ana@example.org"),
        reply_to: None,
        subject: "Primavera en 3, 2, 1… 🌷".into(),
        text: "Hola Ana:\n.\nLa primavera llega mañana, y con ella los tulipanes = 3 €.\n".into(),
        html: "<p>Hola</p>\n".into(),
        list_unsubscribe: Unsubscribe {
            url: Some("https://example.com/u/1?a=b&c=d".into()),
            mailto: Some("leave@example.com?subject=1".into()),
        },
        headers: vec![("X-Campaign".into(), "Spring".into())],
    }
}

fn encoded(email: &Email) -> String {
    String::from_utf8(encode(email).unwrap().to_vec()).unwrap()
}

/// The headers before the body, unfolded.
fn headers(email: &Email) -> Vec<String> {
    let text = encoded(email);
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_mail_is_these_bytes() {
    insta::assert_snapshot!(encoded(&email()).replace("\r\n", "\n"), @r#"
    Date: Sun, 01 Mar 2026 09:00:00 +0000
    From: =?utf-8?b?Q2Fmw6kgIlNvbCI=?= <news@example.com>
    To: =?utf-8?b?QW5hIE7DusOxZXo=?= <ana@example.org>
    Subject: Primavera en 3, 2, =?utf-8?b?MeKApiDwn4y3?=
    Message-ID: <0190@news.example>
    List-Unsubscribe: <https://example.com/u/1?a=b&c=d>,
     <mailto:leave@example.com?subject=1>
    List-Unsubscribe-Post: List-Unsubscribe=One-Click
    X-Campaign: Spring
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU"

    --0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    Hola Ana:
    .
    La primavera llega ma=C3=B1ana, y con ella los tulipanes =3D 3 =E2=82=AC.

    --0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: 7bit

    <p>Hola</p>

    --0XYcBmOgc5nxcx8TuRxSDvBe0tVJQSbhTXY8-t58wNU--
    "#);
}

#[test]
fn the_same_mail_is_the_same_bytes() {
    assert_eq!(encode(&email()), encode(&email()));
    let other = Email { message_id: "0191@news.example".into(), ..email() };
    assert_ne!(body::boundary(&email().message_id), body::boundary(&other.message_id));
}

#[test]
fn lines_are_short_and_end_in_crlf() {
    let long = "word ".repeat(2000) + &"x".repeat(5000);
    let mail = Email {
        subject: "spring ".repeat(300),
        text: format!("a\rb\r\nc\n\n\0{long}"),
        html: format!("<p>ñ{long}</p>\r"),
        ..email()
    };
    let text = encoded(&mail);
    assert!(text.is_ascii());
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    assert!(text.contains("a\r\nb\r\nc\r\n\r\nword word"));
}

#[test]
fn each_text_has_the_encoding_that_suits_it() {
    let cases = [
        ("short lines\n", "7bit"),
        ("a\nb\nc\nd\ne\nf\ng\nñ\n", "quoted-printable"),
        ("<p>a long line</p>, again and again, until there are more than 76 of them", "7bit"),
        ("日本語のメール", "base64"),
    ];
    for (text, encoding) in cases {
        let mail = encoded(&Email { text: text.into(), html: String::new(), ..email() });
        assert!(mail.contains(&format!("Encoding: {encoding}\r\n")), "{text}: {mail}");
    }
}

#[test]
fn one_click_is_promised_over_https_only() {
    let with = |url: Option<&str>, mailto: Option<&str>| {
        let list_unsubscribe =
            Unsubscribe { url: url.map(str::to_owned), mailto: mailto.map(str::to_owned) };
        let all = headers(&Email { list_unsubscribe, ..email() });
        all.into_iter().filter(|line| line.starts_with("List-")).collect::<Vec<_>>()
    };
    assert_eq!(
        with(Some("https://a.example/ñ"), Some("mailto:b@a.example")),
        [
            "List-Unsubscribe: <https://a.example/%C3%B1>, <mailto:b@a.example>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ]
    );
    assert_eq!(
        with(Some("http://localhost:8080/u"), None),
        ["List-Unsubscribe: <http://localhost:8080/u>"]
    );
    assert_eq!(with(None, Some("b@a.example")), ["List-Unsubscribe: <mailto:b@a.example>"]);
    assert!(with(None, None).is_empty());
}

#[test]
fn no_value_begins_a_header_of_its_own() {
    let evil = "x\r\nBcc: all@example.com";
    let control = |header: &str| EncodeError::ControlCharacter { header: header.to_owned() };
    let named = |email: &str| Mailbox { name: Some(evil.into()), email: email.into() };
    let cases = [
        (Email { subject: evil.into(), ..email() }, control("Subject")),
        (Email { from: named("a@b.example"), ..email() }, control("From")),
        (Email { reply_to: Some(named("a@b.example")), ..email() }, control("Reply-To")),
        (Email { headers: vec![("X-A".into(), "x\ny".into())], ..email() }, control("X-A")),
        (
            Email { headers: vec![("X-A: 1\r\nX".into(), "y".into())], ..email() },
            EncodeError::HeaderName("X-A: 1\\r\\nX".into()),
        ),
        (
            Email { headers: vec![("subject".into(), "y".into())], ..email() },
            EncodeError::Reserved("subject".into()),
        ),
        (
            Email { message_id: "a@b>\r\nX: y".into(), ..email() },
            EncodeError::MessageId("a@b>\\r\\nX: y".into()),
        ),
        (
            Email { to: Mailbox { name: None, email: "\"a\r\nb\"@c.example".into() }, ..email() },
            EncodeError::Address("\"a\r\nb\"@c.example".into()),
        ),
    ];
    for (mail, error) in cases {
        assert_eq!(encode(&mail), Err(error));
    }
    for url in ["https://a.example/\r\nX: y", "ftp://a.example", "/u", "javascript:alert(1)"] {
        let list_unsubscribe = Unsubscribe { url: Some(url.into()), mailto: None };
        assert!(encode(&Email { list_unsubscribe, ..email() }).is_err(), "{url}");
    }
}

#[test]
fn a_line_that_cannot_be_folded_is_refused() {
    let list_unsubscribe =
        Unsubscribe { url: Some(format!("https://a.example/{}", "x".repeat(1000))), mailto: None };
    let error = EncodeError::LineTooLong { header: "List-Unsubscribe".into() };
    assert_eq!(encode(&Email { list_unsubscribe, ..email() }), Err(error));
}

#[test]
fn a_domain_travels_in_ascii_and_odd_dates_do_not_stop_a_mail() {
    let mail = Email {
        to: Mailbox { name: None, email: "ana@café.example".into() },
        date: Timestamp::from_millis(i64::MAX),
        html: String::new(),
        text: "plain".into(),
        ..email()
    };
    let all = headers(&mail);
    assert!(all.contains(&"To: ana@xn--caf-dma.example".to_owned()), "{all:?}");
    let quoted = Mailbox { name: None, email: "\"ana ruiz\"@shop.example".into() };
    let mail = Email { to: quoted, ..mail };
    let to = "To: \"ana ruiz\"@shop.example".to_owned();
    assert!(headers(&mail).contains(&to), "{:?}", headers(&mail));
    assert!(all.contains(&"Date: Fri, 31 Dec 9999 23:59:59 +0000".to_owned()), "{all:?}");
    assert!(all.contains(&"Content-Type: text/plain; charset=utf-8".to_owned()), "{all:?}");
}
