//! Hundreds of broken manifests, made out of a good one: each is refused where it is broken, and
//! nothing of it is applied.

mod mutations;

use std::collections::{BTreeMap, BTreeSet};

use frontier::core::manifests::{
    Kind, ManifestError, Problems, Selection, SourceFile, WriteOptions, parse, referenced_files,
};

use crate::cli::Sandbox;
use crate::support::app::App;
use crate::support::backend::on_every_backend;
use mutations::{Broken, mutations};

on_every_backend!(nothing_of_a_broken_manifest_is_applied);

/// Every kind, in block and in flow style.
const GOOD: &str = include_str!("broken_manifests/good.yaml");

fn file(text: &str) -> Vec<SourceFile> {
    let files = BTreeMap::from([("bodies/news.md".to_owned(), "# News\n".to_owned())]);
    vec![SourceFile { path: "good.yaml".into(), text: text.into(), files, ..SourceFile::default() }]
}

/// What is wrong with a refusal: nothing, when it is told within one line of what was done.
fn complaint(broken: &Broken, refused: Result<(), &Problems>) -> Option<String> {
    let Broken { deed, text, lines } = broken;
    let Err(Problems { problems, .. }) = refused else {
        return Some(format!("{deed} is taken:\n{text}"));
    };
    let near = lines.start().saturating_sub(1)..=lines.end() + 1;
    // Of a key that nobody can guess, it is first told where it is missing.
    let first = if broken.family() == "unknown key" { problems.len() } else { 1 };
    let told = problems.iter().take(first).any(|problem| near.contains(&problem.line));
    (!told).then(|| format!("{deed} (line {lines:?}) is told as\n{}", problems[0]))
}

#[test]
fn every_broken_manifest_is_refused_where_it_is_broken() {
    let known = BTreeSet::new();
    parse(&file(GOOD), &known).unwrap_or_else(|problems| panic!("{problems}"));
    for kind in Kind::ALL {
        assert!(GOOD.contains(&format!("kind: {kind}\n")), "{kind}");
    }
    let all = mutations(GOOD);
    let texts: BTreeSet<&str> = all.iter().map(|broken| broken.text.as_str()).collect();
    assert_eq!(texts.len(), all.len(), "no two are the same");
    assert!(all.len() >= 300, "{}", all.len());
    let mut complaints = Vec::new();
    for broken in &all {
        let refused = parse(&file(&broken.text), &known);
        complaints.extend(complaint(broken, refused.as_ref().map(drop)));
        referenced_files(&broken.text);
    }
    assert!(
        complaints.is_empty(),
        "{}: {}",
        complaints.len(),
        complaints[..complaints.len().min(9)].join("\n\n")
    );
    let kinds: BTreeSet<&str> = all.iter().map(Broken::family).collect();
    assert!(kinds.len() >= 20, "{kinds:?}");
}

async fn nothing_of_a_broken_manifest_is_applied(app: App) {
    let manifests = &app.services.manifests;
    let world = async || {
        let written = manifests.export(&Selection::default(), WriteOptions::default()).await;
        written.unwrap().manifest
    };
    manifests.apply(file(GOOD), None).await.unwrap();
    let before = world().await;
    assert!(before.contains("kind: Campaign"));
    // Whatever could be applied of them would be seen.
    let changed = GOOD.replace("Bought last spring", "Bought last summer") + NEWCOMER;
    for broken in mutations(&changed) {
        match manifests.apply(file(&broken.text), None).await {
            Err(ManifestError::Invalid(problems)) => {
                assert_eq!(complaint(&broken, Err(&problems)), None);
            }
            other => panic!("{}: {other:?}", broken.deed),
        }
        assert_eq!(world().await, before, "{}", broken.deed);
    }
    manifests.apply(file(&changed), None).await.unwrap();
    assert_ne!(world().await, before, "the unbroken one is applied");
}

const NEWCOMER: &str = "\
---
apiVersion: frontier/v1
kind: List
metadata: { name: newcomers }
spec: {}
";

#[test]
fn a_manifest_in_another_encoding_is_refused() {
    let sandbox = Sandbox::workspace();
    sandbox.write("bodies/news.md", "# News\n");
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(GOOD.encode_utf16()).flat_map(bytes).collect()
    };
    let at = GOOD.find("Bought").unwrap();
    let line = GOOD[..at].lines().count();
    let mut latin = GOOD.as_bytes().to_vec();
    latin.splice(at..at, *b"ma\xf1ana ");
    let mut cut = GOOD.as_bytes().to_vec();
    cut.splice(at..at, *b"\xe2\x82");
    let all = [
        (utf16(u16::to_le_bytes), "good.yaml is in UTF-16 (line 1, column 1)".to_owned()),
        (utf16(u16::to_be_bytes), "good.yaml is in UTF-16 (line 1, column 1)".to_owned()),
        (latin, format!("is not text in UTF-8 (line {line}, column 18: byte 0xF1)")),
        (cut, format!("is not text in UTF-8 (line {line}, column 16: byte 0xE2)")),
    ];
    for (bytes, told) in all {
        std::fs::write(sandbox.path("good.yaml"), bytes).unwrap();
        let refused = sandbox.run(&["apply", "--yes", "-f", "good.yaml"]);
        assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{}", refused.err);
        assert!(refused.err.contains(&told), "{}", refused.err);
        assert_eq!(sandbox.ok(&["export"]), "");
    }
}
