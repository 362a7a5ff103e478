//! Documents of every kind for property tests, full of texts that YAML finds hard.

use chrono::NaiveTime;
use chrono_tz::Tz;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use crate::core::analytics::{ReportFormat, ReportSpec};
use crate::core::campaigns::{CampaignType, DraftMessage, Goal, MessageContent, ScheduleDraft};
use crate::core::contacts::{OptIn, SetContent};
use crate::core::content::{Format, Profile};
use crate::core::kernel::{Currency, Money, Timestamp};
use crate::core::publishing::{
    Adaptive, ChannelSettings, DkimSettings, DomainLimit, Limits, Mailbox, PasswordRef, QuietHours,
    QuietZone, Rates, Smtp, Tls, Transport, UnsubscribeWays, WarmUp,
};

use super::*;

fn name() -> impl Strategy<Value = String> {
    let words = ["no", "1e3", "0x1f", "2026-03-01", "1.50", "NaN", "true", "Rebajas de otoño"];
    prop_oneof![
        "[a-zA-Z0-9_ñÉ日][a-zA-Z0-9_. ñÉ日-]{0,8}[a-z0-9_é]",
        proptest::sample::select(words.to_vec()).prop_map(String::from),
    ]
}

/// Texts of the kinds that YAML takes for something else, or has to quote.
fn text() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "~",
        "null",
        "true",
        "No",
        "12",
        "1.50",
        "0x1F",
        ".inf",
        "2026-03-01",
        "- a",
        "a: b",
        "# x",
        "'",
        "\"",
        "{{ name }}",
        "[",
        "<<",
        "a #b",
        " lead",
        "trail ",
        "\n",
        "\n\n a\n",
        "a\n",
        "a\n\n",
        "a\r\nb",
        "\ta\n\tb",
        "  a\nb\n",
        "a \nb",
        "é\u{85}\u{2028}\u{feff}",
        "\\n",
        "---\n...\n",
        "a\u{7}",
        "a\u{2028}b",
        "\u{2029} a",
        "010",
        "0o10",
        "1e3",
        "12:30:00",
        "😀",
        "%a",
        "@b",
        "`c`",
        "!t",
        "&a",
        "*a",
        "|",
        ">-",
    ];
    prop_oneof![
        proptest::sample::select(odd.to_vec()).prop_map(String::from),
        "[ -~é\n\t]{0,60}",
        vec("[ #:a-c-]{0,6}", 1..5).prop_map(|lines| lines.join("\n")),
    ]
}

fn line() -> impl Strategy<Value = String> {
    text().prop_filter("one line", |text| rules::line(text).is_ok())
}

fn filled() -> impl Strategy<Value = String> {
    text().prop_filter("says something", |text| rules::filled(text).is_ok())
}

fn sender() -> impl Strategy<Value = Mailbox> {
    (option::of(line()), Just("a.b+c@x.example".to_owned()))
        .prop_map(|(name, email)| Mailbox { name, email })
}

fn body() -> impl Strategy<Value = (Format, String)> {
    let format = proptest::sample::select(vec![Format::Markdown, Format::Html, Format::Mjml]);
    (format, text())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn dkim() -> impl Strategy<Value = Vec<DkimSettings>> {
    let key =
        prop_oneof![Just(PasswordRef::Env("DKIM_KEY".into())), line().prop_map(PasswordRef::File)];
    let one = (option::of(Just("x.example".to_owned())), "[a-z0-9]{1,9}", key);
    let one = one.prop_map(|(domain, selector, key)| DkimSettings { domain, selector, key });
    vec(one, 0..4).prop_map(|mut all| {
        all.sort_by(|one, other| one.selector.cmp(&other.selector));
        all.dedup_by(|one, other| one.selector == other.selector);
        all
    })
}

fn transport() -> impl Strategy<Value = Transport> {
    let password = prop_oneof![
        Just(PasswordRef::Env("SMTP_PASSWORD".into())),
        line().prop_map(PasswordRef::File)
    ];
    let tls = proptest::sample::select(vec![Tls::None, Tls::Starttls, Tls::Tls]);
    let limits = (1..=64_u8, 1..=3600_u16);
    let smtp = (1..=u16::MAX, tls, option::of((line(), password)), limits, option::of(line()));
    let smtp = smtp.prop_map(|(port, tls, credentials, limits, ca_file)| {
        let (connections, timeout_seconds) = limits;
        let (username, password) = credentials.unzip();
        let host = "smtp.x.example".to_owned();
        Transport::Smtp(Smtp {
            host,
            port,
            tls,
            username,
            password,
            connections,
            timeout_seconds,
            ca_file,
        })
    });
    prop_oneof![Just(Transport::Outbox), smtp]
}

fn rates() -> impl Strategy<Value = Rates> {
    let one = || option::of(1..1_000_000_000_u32);
    (one(), one(), one(), one()).prop_map(|(per_second, per_minute, per_hour, per_day)| Rates {
        per_second,
        per_minute,
        per_hour,
        per_day,
    })
}

fn limits() -> impl Strategy<Value = Limits> {
    let zone = proptest::sample::select(vec![Tz::UTC, Tz::Europe__Madrid, Tz::Asia__Kolkata]);
    let domains = btree_map("[a-z]{1,5}\\.example", rates(), 0..3).prop_map(|domains| {
        domains.into_iter().map(|(domain, rates)| DomainLimit { domain, rates }).collect()
    });
    let adaptive = proptest::sample::select(vec![Adaptive::On, Adaptive::Off]);
    let warm_up = (1..1000_u32, 0..=1000_u16, option::of(zone.clone())).prop_map(
        |(first_day, daily_growth, timezone)| WarmUp {
            starts: "2026-12-01".parse().unwrap(),
            first_day,
            daily_growth,
            timezone,
        },
    );
    let minute =
        |minute: u32| NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap();
    let quiet = (0..1439_u32, option::of(zone)).prop_map(move |(from, zone)| QuietHours {
        from: minute(from),
        to: minute(from + 1),
        timezone: zone.map_or(QuietZone::Contact, QuietZone::Zone),
    });
    let all = (rates(), rates(), domains, adaptive, option::of(warm_up), option::of(quiet));
    all.prop_map(|(rates, per_domain, domains, adaptive, warm_up, quiet_hours)| Limits {
        rates,
        per_domain,
        domains,
        adaptive,
        warm_up,
        quiet_hours,
    })
}

fn message() -> impl Strategy<Value = DraftMessage> {
    let content = prop_oneof![
        name().prop_map(MessageContent::Template),
        body().prop_map(|(format, body)| MessageContent::Inline { format, body }),
    ];
    let extras = (option::of(text()), option::of(text()), option::of(sender()));
    (filled(), content, extras).prop_map(|(subject, content, (preheader, text, from))| {
        DraftMessage {
            name: String::new(),
            subject,
            preheader,
            content,
            text,
            reply_to: from.as_ref().map(|from| from.email.clone()),
            from,
        }
    })
}

fn campaign_spec() -> impl Strategy<Value = CampaignSpec> {
    let date = || option::of((2000..2100_i32, 1..=365_u32));
    let goals = vec(("[a-z_]{1,9}", 1..=i64::MAX.cast_unsigned()), 0..3);
    let settings = btree_map(text(), json(), 0..4);
    let messages = btree_map(name(), message(), 0..4);
    let plan = (option::of(0..=i64::MAX), date(), any::<bool>());
    let names = (option::of(name()), btree_set(name(), 0..4));
    (names, plan, goals, settings, messages).prop_map(
        |((channel, lists), (budget, start, zoned), goals, settings, messages)| {
            let day = |(year, day)| chrono::NaiveDate::from_yo_opt(year, day);
            CampaignSpec {
                campaign_type: CampaignType::Email,
                channel,
                segments: lists.iter().take(2).cloned().collect(),
                lists,
                budget: budget.map(|minor| Money::new(minor, Currency::EUR)),
                start_date: start.and_then(day),
                end_date: start.and_then(|(year, _)| day((year, 365))),
                timezone: zoned.then_some(chrono_tz::Europe::Madrid),
                goals: goals.into_iter().map(|(metric, target)| Goal { metric, target }).collect(),
                settings: settings.into_iter().collect(),
                messages: messages
                    .into_iter()
                    .map(|(name, message)| DraftMessage { name, ..message })
                    .collect(),
            }
        },
    )
}

fn schedule_spec() -> impl Strategy<Value = ScheduleSpec> {
    let given = |text: &str| Some(text.to_owned());
    let instant = (0..4_000_000_000_000_i64).prop_map(|at| Timestamp::from_millis(at).to_string());
    let once = prop_oneof![Just("2027-03-28T02:30".to_owned()), instant].prop_map(move |at| {
        let not_after = given("2100-01-01T00:00");
        ScheduleDraft { at: Some(at), not_after, ..ScheduleDraft::default() }
    });
    let crons = ["0 9 * * mon", "@daily", " */5 1,2  1-3 jan ? ", "0 0 29 2 *"];
    let cron = (proptest::sample::select(crons.to_vec()), any::<bool>());
    let cron = cron.prop_map(move |(cron, once)| {
        let missed = once.then(|| "run_once".to_owned());
        ScheduleDraft { cron: given(cron), missed, ..ScheduleDraft::default() }
    });
    let local = (0..24_u32, 0..60_u32).prop_map(move |(hour, minute)| ScheduleDraft {
        contact_local: Some(format!("{hour:02}:{minute:02}")),
        on: given("2027-03-28"),
        ..ScheduleDraft::default()
    });
    (name(), prop_oneof![once, cron, local]).prop_map(|(campaign, draft)| ScheduleSpec {
        campaign,
        timing: draft.check(Some("Australia/Lord_Howe")).unwrap(),
    })
}

fn brand() -> impl Strategy<Value = Profile> {
    let words = || vec(name(), 0..3);
    let languages = proptest::sample::subsequence(vec!["es", "no", "pt-BR"], 0..=3);
    let maps = (btree_map(name(), "#[0-9a-f]{6}", 0..3), any::<bool>());
    (option::of(filled()), words(), words(), languages, maps).prop_map(
        |(voice, words_to_use, words_to_avoid, languages, (colors, linked))| {
            let address = || linked.then(|| "https://x.example/a".to_owned());
            Profile {
                voice,
                words_to_use,
                words_to_avoid,
                languages: languages.into_iter().map(str::to_owned).collect(),
                colors,
                logo: address(),
                links: address().into_iter().map(|url| ("~".to_owned(), url)).collect(),
            }
        },
    )
}

fn suppression() -> impl Strategy<Value = SetContent> {
    let addresses = vec("[a-zA-Z0-9]{1,8}@[a-z]{1,4}\\.example", 0..5);
    ("[a-z0-9:#-]{1,9}", addresses)
        .prop_map(|(reason, addresses)| SetContent::new(&reason, &addresses).unwrap())
}

fn report() -> impl Strategy<Value = ReportSpec> {
    let format = proptest::sample::select(ReportFormat::ALL.to_vec());
    (name(), format).prop_map(|(campaign, format)| ReportSpec { campaign, format })
}

pub(super) fn spec() -> impl Strategy<Value = Spec> {
    let unsubscribe = option::of((any::<bool>(), any::<bool>()));
    let channel = (
        option::of(sender()),
        option::of(Just("r@x.example".to_owned())),
        unsubscribe,
        (dkim(), option::of(Just("bounces@x.example".to_owned()))),
        transport(),
        limits(),
    );
    let channel = channel.prop_map(
        |(from, reply_to, unsubscribe, (dkim, return_path), transport, limits)| {
            let unsubscribe = unsubscribe.map(|(url, both)| UnsubscribeWays {
                url: (url || both).then(|| "https://x.example/u?e={{contact.id}}".into()),
                email: (!url || both).then(|| "u@x.example".into()),
            });
            ChannelSettings { transport, from, reply_to, unsubscribe, dkim, return_path, limits }
        },
    );
    prop_oneof![
        (option::of(filled()), proptest::sample::select(OptIn::ALL))
            .prop_map(|(description, optin)| Spec::List(ListSpec { description, optin })),
        channel.prop_map(Spec::Channel),
        (option::of(Just("zz-outer".to_owned())), body())
            .prop_map(|(layout, (format, body))| TemplateSpec { format, layout, body })
            .prop_map(Spec::Template),
        (option::of(filled()), filled()).prop_map(|(description, expression)| {
            let expression = expression.trim().to_owned();
            Spec::Segment(SegmentSpec { description, expression })
        }),
        suppression().prop_map(Spec::Suppression),
        brand().prop_map(Spec::Brand),
        campaign_spec().prop_map(Spec::Campaign),
        schedule_spec().prop_map(Spec::Schedule),
        report().prop_map(Spec::Report),
    ]
}

pub(super) fn documents() -> impl Strategy<Value = Vec<Document>> {
    let document =
        (name(), btree_map(text(), text(), 0..3), spec()).prop_map(|(name, labels, spec)| {
            Document { name, labels, spec, origin: Origin::default() }
        });
    vec(document, 1..6).prop_map(|mut documents| {
        documents.sort_by(|one, other| one.key().cmp(&other.key()));
        documents.dedup_by(|one, other| one.key() == other.key());
        documents
    })
}

/// Every name the documents refer to, as if it existed.
pub(super) fn referred(documents: &[Document]) -> BTreeSet<(Kind, String)> {
    let mut known = BTreeSet::new();
    for document in documents {
        match &document.spec {
            Spec::Template(spec) => {
                known.extend(spec.layout.iter().map(|name| (Kind::Template, name.clone())));
            }
            Spec::Campaign(spec) => {
                known.extend(spec.channel.iter().map(|name| (Kind::Channel, name.clone())));
                let segments = &spec.segments;
                known.extend(segments.iter().map(|name| (Kind::Segment, name.clone())));
                let lists = &spec.lists;
                known.extend(lists.iter().map(|name| (Kind::List, name.clone())));
                known.extend(spec.messages.iter().filter_map(|message| match &message.content {
                    MessageContent::Template(name) => Some((Kind::Template, name.clone())),
                    MessageContent::Inline { .. } => None,
                }));
            }
            Spec::Schedule(spec) => {
                known.insert((Kind::Campaign, spec.campaign.clone()));
            }
            Spec::Report(spec) => {
                known.insert((Kind::Campaign, spec.campaign.clone()));
            }
            Spec::List(_)
            | Spec::Segment(_)
            | Spec::Channel(_)
            | Spec::Suppression(_)
            | Spec::Brand(_) => {}
        }
    }
    known
}
