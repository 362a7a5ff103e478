//! How many mails one thread makes a second: rendered, encoded and signed, and sent to nobody.
//!
//! The message is that of `examples/spring-launch`, for each of its contacts in turn; it is made
//! unsigned, with a signature of Ed25519, and with one of RSA. `docs/benchmarks.md` says how to read
//! it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frontier::core::content::{Format, MessageSource, TemplateSource};
use frontier::core::kernel::{Clock, Id, Secret};
use frontier::core::publishing::{
    ChannelSettings, Composer, Mailbox, PlannedMessage, Recipient, RunChannel, RunPlan, Signer,
    SigningKey, TokenSigner, UnsubscribeWays,
};

/// Mails of a round, and how long rounds go on.
const ROUND: usize = 1000;
const MEASURED: Duration = Duration::from_secs(4);
const EXAMPLE: &str = "examples/spring-launch";
const RSA_KEY: &str = "src/core/publishing/dkim/testdata/rsa-2048.pem";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compose: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let clock = Clock::system();
    let readers = readers(&root.join(EXAMPLE), &clock)?;
    let plan = plan(&root.join(EXAMPLE), &clock)?;
    let (run, message) = (clock.new_id(), plan.messages[0].id);
    let ed25519 = SigningKey::from_pem(&SigningKey::new_pem(clock.random_bytes()))?;
    let rsa = SigningKey::from_pem(&Secret::new(fs::read_to_string(root.join(RSA_KEY))?))?;

    println!("The spring campaign to its {} readers, one thread\n", readers.len());
    println!("{:<16}{:>12}{:>12}{:>14}", "", "mails/s", "µs a mail", "bytes a mail");
    for (name, key) in [("unsigned", None), ("Ed25519", Some(ed25519)), ("RSA 2048", Some(rsa))] {
        let signers = key.into_iter().map(|key| Signer {
            domain: None,
            selector: "s1".to_owned(),
            key: Arc::new(key),
        });
        let composer = Composer::new(run, &plan, TokenSigner::new(vec![7; 32]))?;
        let composer = composer.signed_by(signers.collect());
        let (mut mails, mut bytes) = (0, 0);
        let begun = Instant::now();
        while begun.elapsed() < MEASURED {
            for reader in readers.iter().cycle().skip(mails % readers.len()).take(ROUND) {
                let mail = composer.compose(message, reader, clock.now())?;
                bytes += std::hint::black_box(mail).parcel.bytes.len();
            }
            mails += ROUND;
        }
        let each = begun.elapsed().as_secs_f64() / mails as f64;
        let (rate, micros, size) = (1.0 / each, each * 1e6, bytes / mails);
        println!("{name:<16}{rate:>12.0}{micros:>12.1}{size:>14}");
    }
    Ok(())
}

fn plan(example: &Path, clock: &Clock) -> Outcome<RunPlan> {
    let template = |name: &str, layout: Option<&str>, file: &str| -> Outcome<TemplateSource> {
        let body = fs::read_to_string(example.join("templates").join(file))?;
        let layout = layout.map(str::to_owned);
        Ok(TemplateSource { name: name.to_owned(), format: Format::Mjml, layout, body })
    };
    let words = |spanish: &str, english: &str| {
        format!("{{% if contact.language == 'es' %}}{spanish}{{% else %}}{english}{{% endif %}}")
    };
    let source = MessageSource {
        name: "launch".to_owned(),
        subject: words("La primavera ya está en Casa Verde", "Spring has arrived at Casa Verde"),
        preheader: Some(words(
            "Tres plantas que agradecen la luz de marzo, y un detalle para tu balcón.",
            "Three plants that love the light of March, and a little something for your balcony.",
        )),
        body: template("spring", Some("spring-layout"), "spring.mjml")?,
        text: None,
    };
    let from =
        Mailbox { name: Some("Casa Verde".to_owned()), email: "hola@casaverde.example".to_owned() };
    let unsubscribe = UnsubscribeWays {
        url: Some("https://casaverde.example/unsubscribe".to_owned()),
        email: Some("baja@casaverde.example".to_owned()),
    };
    let settings = ChannelSettings { unsubscribe: Some(unsubscribe), ..ChannelSettings::outbox() };
    let reply_to = Some("tienda@casaverde.example".to_owned());
    Ok(RunPlan {
        campaign: "spring-launch".to_owned(),
        channel: RunChannel { name: "casa-verde".to_owned(), settings },
        messages: vec![PlannedMessage { id: clock.new_id(), source, from, reply_to }],
        templates: vec![template("spring-layout", None, "layout.mjml")?],
        segments: Vec::new(),
        local_time: None,
    })
}

/// The example's contacts whose address is one.
fn readers(example: &Path, clock: &Clock) -> Outcome<Vec<Recipient>> {
    let mut rows =
        csv::ReaderBuilder::new().delimiter(b';').from_path(example.join("contacts.csv"))?;
    let mut readers = Vec::new();
    for row in rows.records() {
        let row = row?;
        let [email, name, language, town, plan] = [0, 1, 2, 3, 4].map(|at| row[at].to_owned());
        if email.split_once('@').is_none() || email.contains([' ', '…']) || email.contains("..") {
            continue;
        }
        let id: Id = clock.new_id();
        let attributes = serde_json::json!({ "ciudad": town, "plan": plan });
        let language = Some(language);
        readers.push(Recipient { id, email, name, language, timezone: None, attributes });
    }
    Ok(readers)
}
