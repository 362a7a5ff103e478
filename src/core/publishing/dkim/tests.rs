//! Signatures, checked by a verifier that shares no code with what signs.
//!
//! It is itself checked by the example of RFC 8463, whose mail others signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::core::kernel::Secret;
use crate::core::publishing::mime::encode_signed;
use crate::core::publishing::{Email, Mailbox, Unsubscribe};

/// RFC 8463, appendix A.
const RFC_SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const RFC_PUBLIC: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const RFC_MAIL: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
";

fn pem(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn rsa() -> SigningKey {
    SigningKey::from_pem(&pem(include_str!("testdata/rsa-2048.pem"))).unwrap()
}

fn ed25519() -> SigningKey {
    let seed = STANDARD.decode(RFC_SEED).unwrap().try_into().unwrap();
    SigningKey::from_pem(&SigningKey::new_pem(seed)).unwrap()
}

/// A header or a whole value with every run of blanks as one space, by words.
fn relaxed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let fields = unfolded.lines().map(|line| line.split_once(':').unwrap());
    fields.map(|(name, value)| (name.trim().to_ascii_lowercase(), relaxed(value))).collect()
}

/// How many signatures of `mail` hold, each by the key that `find` gives for its selector and domain.
fn verified(mail: &str, find: impl Fn(&str, &str) -> String) -> Result<usize, String> {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let headers = headers(head);
    let body: Vec<String> = body
        .split("\r\n")
        .map(|line| {
            let lead =
                if line.starts_with([' ', '\t']) && !line.trim().is_empty() { " " } else { "" };
            format!("{lead}{}\r\n", relaxed(line))
        })
        .collect();
    let end = body.iter().rposition(|line| line != "\r\n").map_or(0, |last| last + 1);
    let body_hash = STANDARD.encode(Sha256::digest(body[..end].concat()));

    let mut good = 0;
    for (_, value) in headers.iter().filter(|(name, _)| name == "dkim-signature") {
        let tags: Vec<(&str, String)> = value
            .split(';')
            .filter_map(|tag| tag.trim().split_once('='))
            .map(|(tag, value)| (tag.trim(), value.replace(' ', "")))
            .collect();
        let tag = |name| tags.iter().find(|(tag, _)| *tag == name).unwrap().1.clone();
        if tag("bh") != body_hash {
            return Err("the body was changed".to_owned());
        }
        let mut left = headers.clone();
        let mut signed = String::new();
        for name in tag("h").split(':').map(str::to_ascii_lowercase) {
            if let Some(at) = left.iter().rposition(|(header, _)| *header == name) {
                let (name, value) = left.remove(at);
                signed.extend([&name, ":", &value, "\r\n"]);
            }
        }
        let without = value.rfind("b=").unwrap() + 2;
        signed.extend(["dkim-signature:", &value[..without]]);
        let record = find(&tag("s"), &tag("d"));
        let key = STANDARD.decode(record.rsplit_once("p=").unwrap().1).unwrap();
        let signature = STANDARD.decode(tag("b")).unwrap();
        let outcome = match tag("a").as_str() {
            "ed25519-sha256" => UnparsedPublicKey::new(&ED25519, key)
                .verify(&Sha256::digest(signed.as_bytes()), &signature),
            // The library wants the key without the 24 bytes that label it.
            _ => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key[24..])
                .verify(signed.as_bytes(), &signature),
        };
        outcome.map_err(|_| format!("{} does not hold over {signed}", tag("a")))?;
        good += 1;
    }
    Ok(good)
}

fn email() -> Email {
    let mailbox =
        |name: &str, email: &str| Mailbox { name: Some(name.into()), email: email.into() };
    Email {
        message_id: "0190@news.example".into(),
        date: "2026-03-01T09:00:00.250Z".parse().unwrap(),
        from: mailbox("Café \"Sol\"", "news@café.example"),
        to: mailbox("Ana Núñez", "ana@example.org"),
        reply_to: Some(mailbox("", "answers@café.example")),
        subject: "Primavera  en 3, 2, 1… 🌷 ".repeat(6),
        text: "Hola Ana:\n\n  two  spaces \t and a tab\t\n.\n日本語\n\n\n".into(),
        html: "<p>Hola  <b>ñ</b></p>\n".into(),
        list_unsubscribe: Unsubscribe {
            url: Some("https://example.com/u/1?a=b&c=d".into()),
            mailto: Some("leave@example.com?subject=1".into()),
        },
        headers: vec![("Feedback-ID".into(), "1:2:bulk:frontier".into())],
    }
}

fn signers() -> Vec<Signer> {
    let signer = |selector: &str, domain: Option<&str>, key| Signer {
        domain: domain.map(str::to_owned),
        selector: selector.to_owned(),
        key: std::sync::Arc::new(key),
    };
    vec![signer("ed", None, ed25519()), signer("r.2026", Some("shop.example"), rsa())]
}

fn published(selector: &str, domain: &str) -> String {
    match (selector, domain) {
        ("ed", "xn--caf-dma.example") => ed25519().record(),
        ("r.2026", "shop.example") => rsa().record(),
        other => panic!("nobody signs as {other:?}"),
    }
}

#[test]
fn the_example_of_the_standard_holds_and_our_key_makes_it_too() {
    let mail = RFC_MAIL.replace('\n', "\r\n");
    assert_eq!(verified(&mail, |_, _| RFC_PUBLIC.to_owned()), Ok(1));
    let changed = mail.replace("dinner", "lunch");
    assert!(verified(&changed, |_, _| RFC_PUBLIC.to_owned()).is_err());

    assert_eq!(ed25519().record(), RFC_PUBLIC);
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let head = format!("{}\r\n", &head[head.find("From").unwrap()..]);
    let brisbane = Signer { selector: "brisbane".into(), ..signers().remove(0) };
    let at = "2018-06-10T13:38:29Z".parse().unwrap();
    let ours = sign(head.as_bytes(), body.as_bytes(), &[brisbane], "football.example.com", at);
    let ours = format!("{}{head}\r\n{body}", ours.unwrap());
    assert!(ours.contains("bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="), "{ours}");
    assert_eq!(verified(&ours, |_, _| RFC_PUBLIC.to_owned()), Ok(1));
}

#[test]
fn every_signature_of_every_shape_of_mail_holds() {
    let shapes = [
        email(),
        Email { html: String::new(), ..email() },
        Email { html: String::new(), text: "plain\n".into(), subject: "Hi".into(), ..email() },
        Email { html: String::new(), text: String::new(), reply_to: None, ..email() },
        Email { list_unsubscribe: Unsubscribe::default(), headers: Vec::new(), ..email() },
    ];
    for mail in shapes {
        let bytes = encode_signed(&mail, &signers()).unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(verified(&text, published), Ok(2), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 200), "{text}");
        assert_eq!(bytes, encode_signed(&mail, &signers()).unwrap());
        for (from, to) in [("Subject: ", "Subject: x"), ("To: ", "To: x"), ("\r\n--", "\r\nx--")] {
            let changed = text.replacen(from, to, 1);
            assert!(changed == text || verified(&changed, published).is_err(), "{from}");
        }
        let second = text.replacen("From: ", "From: a@b.example\r\nFrom: ", 1);
        assert!(verified(&second, published).is_err(), "a second From is noticed");
    }
}

#[test]
fn what_protects_a_reader_is_signed() {
    let bytes = encode_signed(&email(), &signers()).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let signature = text.split("\r\n b=").next().unwrap().replace("\r\n", "\n");
    insta::assert_snapshot!(signature, @r"
    DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=xn--caf-dma.example;
     s=ed; t=1772355600;
     bh=Vf+mDeRpTRpXn4ubTmjthAzRq4OQaWeJT6abZC/qFEQ=;
     h=From:From:To:Subject:Date:Message-ID:Reply-To:MIME-Version:Content-Type:
     List-Unsubscribe:List-Unsubscribe-Post:Feedback-ID;
    ");
    assert!(!text.contains(" l=") && text.starts_with("DKIM-Signature: "));
}

#[test]
fn keys_come_as_pem_and_weak_ones_are_refused() {
    let spki = include_str!("testdata/rsa-2048.spki").trim();
    let pkcs1 = pem(include_str!("testdata/rsa-2048-pkcs1.pem"));
    for key in [rsa(), SigningKey::from_pem(&pkcs1).unwrap()] {
        assert_eq!(key.record(), format!("v=DKIM1; k=rsa; p={spki}"));
        assert_eq!(key.algorithm(), Algorithm::RsaSha256);
    }
    let refusal = |text: &str| SigningKey::from_pem(&pem(text)).unwrap_err();
    assert_eq!(refusal(include_str!("testdata/rsa-1024.pem")), KeyError::Short);
    assert_eq!(refusal("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), KeyError::Encrypted);
    let empty = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    assert_eq!(refusal(empty), KeyError::Unusable);
    for none in ["", "hunter2", "-----BEGIN PRIVATE KEY-----\n", RFC_PUBLIC] {
        assert_eq!(refusal(none), KeyError::NoKey, "{none}");
    }
    assert_eq!(format!("{:?}", ed25519()), "SigningKey(ed25519-sha256, [redacted])");
}

#[test]
fn settings_that_cannot_work_are_told() {
    let one = |selector: &str, domain: Option<&str>| DkimSettings {
        domain: domain.map(str::to_owned),
        selector: selector.to_owned(),
        key: PasswordRef::Env("KEY".to_owned()),
    };
    assert_eq!(DkimSettings::problem(&[one("a", None), one("a", Some("b.example"))]), None);
    let problem = |all: &[DkimSettings]| DkimSettings::problem(all).unwrap();
    insta::assert_snapshot!(problem(&[one("a b", None)]), @"dkim.selector `a b` is none; use letters, digits, hyphens and dots");
    insta::assert_snapshot!(problem(&[one("a", Some("a b"))]), @"dkim.domain `a b` is none; write it as shop.example");
    insta::assert_snapshot!(problem(&[one("a", None), one("a", None)]), @"two signatures have the selector `a`; keep one");
    insta::assert_snapshot!(problem(&vec![one("a", None); 9]), @"there are 9 signatures; 8 at most");
    assert!(
        is_aligned("shop.example", "news.shop.example") && is_aligned("a.b.example", "b.example")
    );
    assert!(!is_aligned("shop.example", "myshop.example") && !is_aligned("a.example", "b.example"));
}
