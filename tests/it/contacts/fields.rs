//! Addresses, languages and timezones as contacts have them: what is taken, and in which form.

use super::*;
use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    addresses_are_those_of_the_mail_standards,
    languages_and_timezones_are_checked_wherever_they_come_from,
);

async fn addresses_are_those_of_the_mail_standards(App { client, .. }: App) {
    let local = "x".repeat(64);
    let longest = format!("{local}@{}ab", "x123456789.".repeat(17));
    // As it is given, as it is kept, and another way of writing the same.
    let taken = [
        ("Ana.Ruiz+News@Example.com", "Ana.Ruiz+News@Example.com", "ana.ruiz+news@EXAMPLE.com"),
        ("\"John Doe\"@Example.com", "\"John Doe\"@Example.com", "\"john doe\"@example.com"),
        ("\"plain\"@example.com", "\"plain\"@example.com", "plain@example.com"),
        (r#""a\"b@c"@example.com"#, r#""a\"b@c"@example.com"#, r#""A\"B@C"@example.com"#),
        ("josé@exämple.com", "josé@exämple.com", "JOSÉ@xn--exmple-cua.com"),
        ("bo@XN--exmple-cua.com", "bo@exämple.com", "bo@EXÄMPLE.com"),
        ("用户@例子.广告", "用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        (&longest, &longest, &longest.to_uppercase()),
    ];
    for (given, kept, same) in taken {
        let made = client.create_contact(&contact(given)).await.unwrap();
        assert_eq!(made.email, kept);
        let again = client.create_contact(&contact(same)).await;
        assert_eq!(refusal(again).1, "CONTACT_EXISTS", "{same}");
        assert_eq!(client.get_contact(same).await.unwrap().id, made.id, "{same}");
    }
    let domain = client.count_contacts("domain = 'exämple.com'").await.unwrap();
    assert_eq!(domain.contacts, 2);

    for (refused, why) in [
        (format!("x{local}@example.com"), "more than 64 bytes"),
        (format!("{longest}c"), "longer than 254 bytes"),
        (format!("ana@{}.com", "x".repeat(64)), "cannot be a part of a domain"),
        ("ana@[192.0.2.1]".to_owned(), "names a server by its number"),
        ("ana@[IPv6:2001:db8::1]".to_owned(), "names a server by its number"),
        ("ana@192.0.2.1".to_owned(), "cannot be a domain"),
        ("\"ana\"ruiz@example.com".to_owned(), "quotes that do not stand around"),
        ("ana ruiz@example.com".to_owned(), "a space in it"),
        ("ana@localhost".to_owned(), "has no dot"),
        ("ana@a..example".to_owned(), "cannot be a part of a domain"),
        ("ana(work)@example.com".to_owned(), "'(' in it"),
        ("Ana <ana@example.com>".to_owned(), "a name around the address"),
    ] {
        let (status, code, message) = refusal(client.create_contact(&contact(&refused)).await);
        assert_eq!((status, code.as_str()), (422, "INVALID_ADDRESS"), "{refused}");
        assert!(message.contains(why), "{message}");
    }
    assert_eq!(everybody(&client).await.len(), taken.len());
}

async fn languages_and_timezones_are_checked_wherever_they_come_from(App { client, .. }: App) {
    for (at, (language, kept)) in
        [("ES", "es"), ("pt_br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")]
            .into_iter()
            .enumerate()
    {
        let email = format!("a{at}@example.com");
        let new = NewContactBody { language: Some(language.into()), ..contact(&email) };
        let made = client.create_contact(&new).await.unwrap();
        assert_eq!(made.language.as_deref(), Some(kept));
    }
    for language in ["jp", "es-", "spanish", "es-MX-AR"] {
        let change = ContactChangeBody { language: Some(language.into()), ..Default::default() };
        let refused = refusal(client.update_contact("a0@example.com", &change).await);
        assert_eq!(refused.1, "INVALID_LANGUAGE", "{language}");
    }
    let change = ContactChangeBody { timezone: Some("Europe/Madird".into()), ..Default::default() };
    let (_, code, message) = refusal(client.update_contact("a0@example.com", &change).await);
    assert_eq!(code, "INVALID_TIMEZONE");
    assert!(message.contains("is it Europe/Madrid?"), "{message}");
    let change =
        ContactChangeBody { timezone: Some("america/new york".into()), ..Default::default() };
    let changed = client.update_contact("a0@example.com", &change).await.unwrap();
    assert_eq!(changed.timezone.as_deref(), Some("America/New_York"));

    let file = "email,language,timezone\n\
                b0@example.com,EN_gb,europe/london\n\
                b1@example.com,jp,\n\
                b2@example.com,,CET+1\n";
    let mut events =
        client.import_contacts(&ImportQuery::default(), Body::from(file)).await.unwrap();
    let mut rejects = Vec::new();
    while let Some(event) = events.next().await {
        if let ImportEvent::Reject { line, reason, .. } = event.unwrap() {
            rejects.push((line, reason));
        }
    }
    let imported = client.get_contact("b0@example.com").await.unwrap();
    assert_eq!(
        (imported.language.as_deref(), imported.timezone.as_deref()),
        (Some("en-GB"), Some("Europe/London"))
    );
    assert_eq!(rejects.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    assert!(rejects[0].1.starts_with("`jp` is not a language"), "{rejects:?}");
    assert!(rejects[1].1.starts_with("`CET+1` is not a timezone"), "{rejects:?}");
}
