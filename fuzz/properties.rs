//! What holds of any text whatever that the two parsers are given. The fuzz targets try it on what
//! they make up, the tests on what was found so far.
#![allow(dead_code, reason = "each target has one of them")]

use std::collections::{BTreeMap, BTreeSet};

use frontier::core::contacts::segments::{Condition, compile, parse as parse_segment};
use frontier::core::contacts::{AttributeType, AttributeTypes};
use frontier::core::kernel::Timestamp;
use frontier::core::manifests::{
    SourceFile, WriteOptions, parse as parse_manifests, referenced_files, write,
};
use frontier::storage::sql::{Dialect, Params};

/// A manifest is refused with places that exist, or taken; and what is taken can be written, read
/// again, and is then written alike.
pub(super) fn manifest(text: &str) {
    referenced_files(text);
    let files = BTreeMap::from([("bodies/news.md".to_owned(), "# News\n".to_owned())]);
    let bundle = |text: &str| {
        vec![SourceFile {
            path: "any.yaml".into(),
            text: text.into(),
            files: files.clone(),
            ..SourceFile::default()
        }]
    };
    let documents = match parse_manifests(&bundle(text), &BTreeSet::new()) {
        Ok(documents) => documents,
        Err(refused) => {
            let lines = text.split(['\n', '\r']).count();
            for problem in &refused.problems {
                assert!((1..=lines).contains(&problem.line), "{problem}");
                assert!(problem.column >= 1, "{problem}");
            }
            assert!(!refused.to_string().is_empty());
            return;
        }
    };
    let written = write(&documents, WriteOptions::default()).expect("what was read can be written");
    let again = parse_manifests(&bundle(&written.manifest), &BTreeSet::new())
        .unwrap_or_else(|refused| panic!("{refused}\n{}", written.manifest));
    let rewritten = write(&again, WriteOptions::default()).expect("and written once more");
    assert_eq!(written, rewritten);
}

/// An expression is refused at a place that exists, or taken; and what is taken survives its own
/// record and is SQL in which nothing of the text stands.
pub(super) fn segment(text: &str) {
    let types = AttributeTypes::from([
        ("plan".to_owned(), AttributeType::Text),
        ("age".to_owned(), AttributeType::Number),
        ("vip".to_owned(), AttributeType::Boolean),
        ("since".to_owned(), AttributeType::Date),
        ("genres".to_owned(), AttributeType::List),
    ]);
    let expression = match parse_segment(text, &types) {
        Ok(expression) => expression,
        Err(refused) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&refused.at.line), "{refused}");
            assert!(refused.at.column >= 1 && refused.at.width >= 1, "{refused}");
            assert!(!refused.to_string().is_empty());
            return;
        }
    };
    let record = serde_json::to_string(&expression.condition).expect("a condition has a record");
    let read: Condition = serde_json::from_str(&record).expect("which can be read");
    assert_eq!(read, expression.condition, "{record}");
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let mut params = Params::new();
        let sql = compile(
            &expression.condition,
            dialect,
            Timestamp::from_millis(1_000_000_000_000),
            &mut params,
        );
        assert!(sql.is_ascii(), "{sql}");
        assert!(!sql.contains(';') && !sql.contains("--"), "{sql}");
    }
}
