//! The check of one document: its tree against the tables of `shape`, then the rules between fields.
//!
//! It reports all it finds and goes on past every fault. References to other documents are
//! collected, not judged: that needs all documents.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::core::content::Format;
use crate::core::kernel::nearest;

use super::codes::Code;
use super::environment::{Piece, Range, is_secret, pieces};
use super::kinds::{KindSpec as _, with_kind};
use super::model::Kind;
use super::parse::SourceFile;
use super::positions::{Entry, MAX_FILE_BYTES, Node, Span, Value};
use super::problem::Fault;
use super::rules::{self, Refusal, brief};
use super::shape::{self, Field, Form, Shape};

/// What a document of no kind is called.
const NAMELESS: &str = "this document";

/// Characters shown of why a file could not be read.
const MAX_REASON: usize = 200;

/// What one document says about itself and others, and what is wrong with it.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) faults: Vec<Fault>,
    /// Absent when the document does not say it well enough.
    pub(super) kind: Option<Kind>,
    pub(super) name: Option<(String, Span)>,
    pub(super) references: Vec<Reference>,
    /// Paths of the files that hold its bodies, all of them acceptable.
    pub(super) body_files: Vec<(String, Span)>,
    /// The variables that its fields name.
    pub(super) variables: Vec<(String, Span)>,
    /// Places in the text, and what stands there once the variables have values: YAML.
    pub(super) replaced: Vec<(Span, String)>,
    /// The values there are.
    values: BTreeMap<String, String>,
    /// Where passwords stand that should not.
    pub(super) secrets: Vec<Span>,
    /// Where unknown keys stand, and which key each was probably to be.
    slips: Vec<(Span, &'static str)>,
}

/// One document names another.
pub(super) struct Reference {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) at: Span,
    /// The name is that of a layout.
    pub(super) layout: bool,
}

/// Checks one document, whose body files `source` is to bring along.
pub(super) fn check(root: &Node, source: &SourceFile) -> Checked {
    let mut checked = Checked { values: source.variables.clone(), ..Checked::default() };
    let kind = root.get("kind").and_then(Node::text);
    checked.kind = Kind::ALL.into_iter().find(|known| kind == Some(known.as_str()));
    let title = checked.kind.map_or(NAMELESS, Kind::as_str);
    checked.shape(root, &Shape::Fields(shape::ENVELOPE), root.at, title);
    let name = root.get("metadata").and_then(|metadata| metadata.get("name"));
    checked.name = name
        .and_then(|node| Some((node.text()?.to_owned(), node.at)))
        .filter(|(name, _)| rules::name(name).is_ok());
    if let (Some(kind), Some(spec)) = (checked.kind, root.entry("spec")) {
        let fields = Shape::Fields(kind.fields());
        checked.shape(&spec.node, &fields, spec.key_at, &format!("{kind}.spec"));
        if matches!(spec.node.value, Value::Map(_)) {
            with_kind!(kind, Of => Of::check_rules(&mut checked, &spec.node, spec.key_at));
        }
    }
    checked.files(source);
    checked
}

impl Checked {
    pub(super) fn fault(&mut self, at: Span, message: impl Into<String>, help: impl Into<String>) {
        self.coded(Code::InvalidValue, at, message, help);
    }

    pub(super) fn coded(
        &mut self,
        code: Code,
        at: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults.push(Fault::new(at, message).help(help).code(code));
    }

    /// `at` is where the value would be reported were it missing: its key.
    fn shape(&mut self, node: &Node, shape: &Shape, at: Span, path: &str) {
        match (shape, &node.value) {
            _ if node.is_null() => {
                let message = format!("expected {} in {path}, found nothing", shape.expected());
                self.faults.push(Fault::new(at, message).code(Code::WrongType));
            }
            (Shape::Text(rule, _), Value::Scalar { text, .. }) => self.rule(node.at, rule(text)),
            (Shape::Number { least, most }, Value::Scalar { text, plain }) => {
                self.number(node.at, text, *plain, (*least, *most));
            }
            (Shape::OneOf(choices), Value::Scalar { text, .. }) => {
                self.choice(node.at, text, choices, path);
            }
            (Shape::Reference(kind), Value::Scalar { text, .. }) => match rules::name(text) {
                Ok(()) => self.references.push(Reference {
                    kind: *kind,
                    name: text.clone(),
                    at: node.at,
                    layout: path.ends_with(".layout"),
                }),
                Err(refusal) => self.rule(node.at, Err(refusal)),
            },
            (Shape::BodyFile, Value::Scalar { text, .. }) => match rules::inner_path(text) {
                Ok(()) => self.body_files.push((text.clone(), node.at)),
                Err(refusal) => self.rule(node.at, Err(refusal)),
            },
            (Shape::Fields(fields), Value::Map(_)) => self.fields(node, fields, at, path),
            (Shape::ListOf(item), Value::List(items)) => {
                for (index, node) in items.iter().enumerate() {
                    self.shape(node, item, node.at, &format!("{path}[{index}]"));
                }
            }
            (Shape::Password, _) => self.password(node, at, path),
            (Shape::Labels, Value::Map(entries)) => {
                for entry in entries {
                    self.rule(entry.key_at, rules::text(&entry.key));
                    let path = format!("{path}.{}", brief(&entry.key));
                    self.shape(
                        &entry.node,
                        &Shape::Text(rules::text, Form::Any),
                        entry.key_at,
                        &path,
                    );
                }
            }
            (Shape::Free, Value::Map(_)) => self.free(node),
            (Shape::Spec, _) => {}
            (expected, found) => {
                let found = match found {
                    Value::Scalar { .. } => "text",
                    Value::List(_) => "a list",
                    Value::Map(_) => "a mapping",
                };
                let message = format!("expected {} in {path}, found {found}", expected.expected());
                let help = match (expected, found) {
                    (Shape::Text(..), "a list") => {
                        Some("put quotes around a text that begins with `[`")
                    }
                    (Shape::Text(..), "a mapping") => {
                        Some("put quotes around a text that begins with `{`")
                    }
                    (Shape::ListOf(_), "text") => Some("put brackets around it, as in `[a, b]`"),
                    _ => None,
                };
                let fault = Fault::new(node.at, message).code(Code::WrongType);
                self.faults.push(Fault { help: help.map(str::to_owned), ..fault });
            }
        }
    }

    fn rule(&mut self, at: Span, outcome: Result<(), Refusal>) {
        if let Err(Refusal { message, help }) = outcome {
            self.faults.push(Fault { help, ..Fault::new(at, message) });
        }
    }

    fn fields(&mut self, node: &Node, fields: &[Field], at: Span, path: &str) {
        let keys = || fields.iter().map(|field| field.key);
        let free: Vec<&str> = keys().filter(|key| node.entry(key).is_none()).collect();
        let mut slips = BTreeSet::new();
        for entry in node.entries() {
            if let Some(field) = fields.iter().find(|field| field.key == entry.key) {
                // An optional field may say nothing.
                if field.required || !entry.node.is_null() {
                    let path = match path {
                        NAMELESS => field.key.to_owned(),
                        path => format!("{path}.{}", field.key),
                    };
                    let filled =
                        if field.environment { self.filled(entry, &field.shape) } else { Ok(None) };
                    match filled {
                        Ok(Some(node)) => self.shape(&node, &field.shape, entry.key_at, &path),
                        Ok(None) => self.shape(&entry.node, &field.shape, entry.key_at, &path),
                        Err(fault) => self.faults.push(fault),
                    }
                }
                continue;
            }
            let meant = nearest(&brief(&entry.key).to_lowercase(), free.iter().copied());
            self.slips.extend(meant.map(|key| (entry.key_at, key)));
            let secret =
                ["pass", "secret", "token", "private"].iter().any(|word| entry.key.contains(word));
            if secret || nearest(&brief(&entry.key), ["password"]).is_some() {
                self.hide(&entry.node);
            }
            slips.extend(meant);
            let help = match meant {
                Some(key) => format!("did you mean `{key}`?"),
                None if entry.key == "<<" => "merge keys are not read; write the keys out".into(),
                None => allowed(keys()),
            };
            self.coded(
                Code::UnknownKey,
                entry.key_at,
                format!("unknown key `{}` in {path}", brief(&entry.key)),
                help,
            );
        }
        for field in fields.iter().filter(|field| field.required && !slips.contains(&field.key)) {
            if node.entries().iter().all(|entry| entry.key != field.key) {
                let help = format!("add `{}: …`", field.key);
                let message = format!("missing key `{}` in {path}", field.key);
                self.coded(Code::MissingKey, at, message, help);
            }
        }
    }

    /// The value of an entry with the variables that it names in their places; `None` when it names
    /// none.
    fn filled(&mut self, entry: &Entry, shape: &Shape) -> Result<Option<Node>, Fault> {
        let node = &entry.node;
        let Some(text) = node.text().filter(|text| text.contains("${")) else { return Ok(None) };
        if Rc::strong_count(node) > 1 || node.at.line != node.at.last_line {
            return Err(Fault::new(entry.key_at, "`${…}` stands in one line, and is not repeated")
                .help("write the value out on the line of its key, without `&` and `*`"));
        }
        let at = |range: Range| inside(node, text, range);
        let read = pieces(text);
        let read = read.map_err(|bad| Fault::new(at(bad.at), bad.message).help(bad.help))?;
        let (mut value, mut unset) = (String::new(), None);
        for piece in read {
            let (name, default, at) = match piece {
                Piece::Literal(literal) => {
                    value.push_str(literal);
                    continue;
                }
                Piece::Variable { name, default, at: range } => (name, default, at(range)),
            };
            if is_secret(name) {
                let message = format!("`{}` would be kept in plain", brief(name));
                return Err(Fault::new(at, message)
                    .help("a secret stands under `password`, as `{ env: NAME }`")
                    .code(Code::PlainSecret));
            }
            self.variables.push((name.to_owned(), at));
            let given = self.values.get(name);
            match (given.filter(|given| default.is_none() || !given.is_empty()), default) {
                (Some(given), _) => value.push_str(given),
                (None, Some(default)) => value.push_str(default),
                (None, None) => {
                    let message = format!("the variable `{}` is not set", brief(name));
                    let help = format!("set it, or write `${{{}:-default}}`", brief(name));
                    let fault = Fault::new(at, message).help(help).code(Code::UnsetVariable);
                    unset = unset.or(Some(fault));
                }
            }
        }
        if let Some(fault) = unset {
            return Err(fault);
        }
        let number = matches!(shape, Shape::Number { .. });
        let yaml = if number { value.clone() } else { serde_json::json!(value).to_string() };
        self.replaced.push((node.at, yaml));
        Ok(Some(Node::new(node.at, Value::Scalar { text: value, plain: number })))
    }

    fn choice(&mut self, at: Span, text: &str, choices: &[&'static str], path: &str) {
        if !choices.contains(&text) {
            let help = match nearest(&brief(text), choices.iter().copied()) {
                Some(choice) => format!("did you mean `{choice}`?"),
                None => allowed(choices.iter().copied()),
            };
            self.fault(at, format!("`{}` is not allowed in {path}", brief(text)), help);
        }
    }

    fn number(&mut self, at: Span, text: &str, plain: bool, (least, most): (u64, u64)) {
        // YAML reads a leading zero or sign as something else.
        let decimal = text.bytes().all(|byte| byte.is_ascii_digit());
        let leads = text.len() > 1 && text.starts_with('0');
        let number = text.parse::<u64>().ok().filter(|_| decimal && !leads);
        let range = format!("write a whole number from {least} to {most}");
        match number {
            Some(number) if !plain => {
                self.fault(at, format!("`{number}` in quotes is a text"), "remove the quotes");
            }
            Some(number) if (least..=most).contains(&number) => {}
            Some(number) => self.fault(at, format!("`{number}` is out of range"), range),
            None => self.fault(at, format!("`{}` is not allowed here", brief(text)), range),
        }
    }

    /// What JSON cannot say is refused.
    fn free(&mut self, node: &Node) {
        match &node.value {
            Value::Scalar { text, plain } => {
                self.rule(node.at, rules::text(text));
                let number = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
                if *plain && matches!(number.as_str(), ".inf" | ".nan") {
                    self.fault(
                        node.at,
                        format!("`{text}` is no number in JSON"),
                        "write a finite one",
                    );
                }
                let digits = number.bytes().all(|byte| byte.is_ascii_digit());
                if *plain && number.len() > 1 && number.starts_with('0') && digits {
                    self.fault(
                        node.at,
                        format!(
                            "`{}` is a text to some readers of YAML and a number to others",
                            brief(text)
                        ),
                        "write the number without zeros in front, or quote the text",
                    );
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.free(item)),
            Value::Map(entries) => {
                for entry in entries {
                    self.rule(entry.key_at, rules::text(&entry.key));
                    self.free(&entry.node);
                }
            }
        }
    }

    fn password(&mut self, node: &Node, at: Span, path: &str) {
        let Value::Map(entries) = &node.value else {
            self.hide(node);
            let (message, help) = if path.rsplit('.').next() == Some("key") {
                let help = "write `key: { file: path }`, or `{ env: NAME }`";
                ("a private key is never written in a manifest", help)
            } else {
                let help = "write `password: { env: SMTP_PASSWORD }`, or `{ file: path }`";
                ("a password is never written in a manifest", help)
            };
            return self.coded(Code::PlainSecret, at, message, help);
        };
        for entry in entries {
            let names_it = match entry.key.as_str() {
                "env" => entry.node.text().is_some_and(|text| rules::variable(text).is_ok()),
                key => key == "file",
            };
            if !names_it {
                self.hide(&entry.node);
            }
        }
        self.fields(node, shape::PASSWORD, at, path);
        self.exactly_one(node, at, &["env", "file"], path);
    }

    fn hide(&mut self, node: &Node) {
        match &node.value {
            Value::Scalar { .. } => self.secrets.push(node.at),
            Value::List(items) => items.iter().for_each(|item| self.hide(item)),
            Value::Map(entries) => entries.iter().for_each(|entry| self.hide(&entry.node)),
        }
    }

    /// Whether an unknown key of the mapping, which is told, was probably to be one of `keys`.
    pub(super) fn misspelt(&self, node: &Node, keys: &[&str]) -> bool {
        let meant = |entry: &Entry| {
            self.slips.iter().any(|(at, key)| *at == entry.key_at && keys.contains(key))
        };
        node.entries().iter().any(meant)
    }

    /// Reports the second of several, or that there is none.
    pub(super) fn exactly_one(&mut self, node: &Node, at: Span, keys: &[&str], path: &str) {
        let all = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let mut written: Vec<&Entry> = keys.iter().filter_map(|key| node.entry(key)).collect();
        written.sort_by_key(|entry| entry.key_at);
        match written.as_slice() {
            // The misspelt key is told.
            [] if self.misspelt(node, keys) => {}
            [] => {
                let message = format!("{path} has none of {all}");
                self.coded(Code::MissingKey, at, message, "write exactly one of them");
            }
            [_] => {}
            [first, second, ..] => self.coded(
                Code::ConflictingKeys,
                second.key_at,
                format!("{path} has both `{}` and `{}`", first.key, second.key),
                format!("keep exactly one of {all}"),
            ),
        }
    }

    /// Holds the body of a template or of a message against its choices.
    pub(super) fn body(&mut self, spec: &Node, at: Span, message: bool, path: &str) {
        let keys: &[&str] =
            if message { &["template", "body", "body_file"] } else { &["body", "body_file"] };
        let given = keys.iter().filter(|key| spec.entry(key).is_some()).count();
        if given != 1 {
            return self.exactly_one(spec, at, keys, path);
        }
        match (spec.entry("template"), spec.entry("format")) {
            (Some(_), Some(format)) if message => self.coded(
                Code::ConflictingKeys,
                format.key_at,
                format!("{path} has both `template` and `format`"),
                "remove `format`: the template has one",
            ),
            (None, None) if !self.misspelt(spec, &["format"]) => {
                let file = spec.get("body_file").and_then(Node::text);
                if file.is_none_or(|file| Format::of_file(file).is_none()) {
                    let message = format!("missing key `format` in {path}");
                    let help = "add `format: markdown`, `html` or `mjml`";
                    self.coded(Code::MissingKey, at, message, help);
                }
            }
            _ => {}
        }
    }

    /// Reports a name that stands twice in a list of `noun`s.
    pub(super) fn no_two<'a>(&mut self, names: impl Iterator<Item = &'a Node>, noun: &str) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for node in names {
            let Some(name) = node.text() else { continue };
            if let Some(first) = seen.get(name) {
                let help = format!("the first is at {}:{}", first.line, first.column);
                let message = format!("the {noun} `{}` is named twice", brief(name));
                self.coded(Code::Duplicate, node.at, message, help);
            } else {
                seen.insert(name, node.at);
            }
        }
    }

    fn files(&mut self, source: &SourceFile) {
        for (path, at) in self.body_files.clone() {
            if let Some(reason) = source.unreadable.get(&path) {
                let reason: String = reason.chars().take(MAX_REASON).collect();
                let message = format!("the file `{}` {reason}", brief(&path));
                self.faults.push(Fault::new(at, message).code(Code::BodyFile));
                continue;
            }
            let Some(body) = source.files.get(&path) else {
                let message = format!("the file `{}` is not there", brief(&path));
                let help = "write its path relative to this manifest";
                self.coded(Code::BodyFile, at, message, help);
                continue;
            };
            if body.len() > MAX_FILE_BYTES {
                self.coded(
                    Code::TooLarge,
                    at,
                    format!("the file `{}` is larger than 1 MiB", brief(&path)),
                    "shorten it",
                );
            }
            self.rule(at, rules::text(body));
        }
    }
}

/// Where a part of a scalar stands; all of the scalar when it is written in another way than it
/// reads.
fn inside(node: &Node, text: &str, range: Range) -> Span {
    let Value::Scalar { plain, .. } = node.value else { return node.at };
    let quote = usize::from(!plain);
    let as_it_reads = node.at.width == text.chars().count() + 2 * quote;
    if !as_it_reads {
        return node.at;
    }
    Span { column: node.at.column + quote + range.start, width: range.width, ..node.at }
}

fn allowed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("allowed here: {}", words.collect::<Vec<_>>().join(", "))
}
