//! Reading: from files as they were sent to documents, all of them or none.
//!
//! Each document is checked by itself; then all together, for what one says of another; and only
//! texts without a fault are given their types.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_path_to_error::Segment;

use crate::core::kernel::nearest;

use super::check::{Checked, check};
use super::codes::Code;
use super::model::{Document, Kind, Origin};
use super::positions::{Node, Span, normalise, read};
use super::problem::{ENOUGH_FAULTS, Fault, Listing, Problems};
use super::rules::brief;
use super::written;

/// Bytes of all files of one bundle, those named in them included, at most.
pub const MAX_BUNDLE_BYTES: usize = 16 * 1024 * 1024;
/// Templates around a template at most.
pub(super) const MAX_LAYOUTS: usize = 8;
/// Names among which a suggestion is looked for.
const MAX_SUGGESTIONS: usize = 2000;

/// A manifest file as its sender read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// As problems are to call it.
    pub path: String,
    pub text: String,
    /// The texts of the files it names in `body_file`, by the path as it is written there.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Why other files it names could not be brought along, by path; in words that follow "the
    /// file".
    #[serde(default)]
    pub unreadable: BTreeMap<String, String>,
    /// The values of the environment variables it names, by name, where they are set.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// A file that a manifest names and its sender has to bring along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReference {
    /// Relative to the manifest, and never outside its folder.
    pub path: String,
    pub line: usize,
    pub column: usize,
}

/// What can be said of a manifest before it is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Each path once.
    pub files: Vec<FileReference>,
    /// Each name once.
    pub variables: Vec<VariableReference>,
    /// In the order of the text.
    pub documents: Vec<Outline>,
}

/// A document that may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    pub kind: Option<Kind>,
    pub name: Option<String>,
    /// Where it starts, from 1.
    pub line: usize,
}

/// An environment variable whose value a manifest's sender has to bring along, if it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableReference {
    pub name: String,
    pub line: usize,
    pub column: usize,
}

/// One file on its way to documents.
struct Work<'a> {
    source: &'a SourceFile,
    text: String,
    listing: Listing<'a>,
    documents: Vec<(Rc<Node>, Checked)>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
    cut_short: bool,
}

/// Where a document was found: the file's index and the place of its name.
type Places = BTreeMap<(Kind, String), (usize, Span)>;

/// Reads a bundle into documents, sorted by kind and name. `known` are the documents that exist
/// beside those of the bundle, and may be referred to.
///
/// # Errors
/// Everything that is wrong in any of the files.
pub fn parse(
    bundle: &[SourceFile],
    known: &BTreeSet<(Kind, String)>,
) -> Result<Vec<Document>, Problems> {
    read_all(bundle, Some(known)).map(|(documents, _)| documents)
}

/// As [`parse`], for whoever does not know what exists: names of what is not in the bundle are the
/// second half, as warnings.
pub(super) fn parse_alone(bundle: &[SourceFile]) -> Result<(Vec<Document>, Problems), Problems> {
    read_all(bundle, None)
}

fn read_all(
    bundle: &[SourceFile],
    known: Option<&BTreeSet<(Kind, String)>>,
) -> Result<(Vec<Document>, Problems), Problems> {
    let size: usize = bundle
        .iter()
        .map(|source| source.text.len() + source.files.values().map(String::len).sum::<usize>())
        .sum();
    if let (Some(first), true) = (bundle.first(), size > MAX_BUNDLE_BYTES) {
        let fault = Fault::new(Span::START, "these files are larger than 16 MiB together")
            .help("apply them in several steps")
            .code(Code::TooLarge);
        return Err(Problems::list([(&Listing::new(&first.path, ""), vec![fault])]));
    }
    let mut found = 0;
    let mut works: Vec<Work> =
        bundle.iter().map(|source| Work::start(source, &mut found)).collect();
    let places = together(&mut works);
    resolve(&mut works, &places, known);
    if works.iter().any(|work| !work.faults.is_empty()) {
        return Err(problems(works));
    }
    let mut documents = Vec::new();
    for work in &mut works {
        documents.append(&mut work.typed());
    }
    if works.iter().any(|work| !work.faults.is_empty()) {
        return Err(problems(works));
    }
    documents.sort_by(|one, other| one.key().cmp(&other.key()));
    for work in &mut works {
        work.faults = std::mem::take(&mut work.warnings);
    }
    Ok((documents, problems(works)))
}

/// The files that a manifest names, each path once. What is no manifest names none; a path that
/// leaves the manifest's folder is not among them, and [`parse`] reports it.
pub fn referenced_files(text: &str) -> Vec<FileReference> {
    survey(text).files
}

/// What a manifest holds and names, as far as it can be read; nothing is judged.
pub fn survey(text: &str) -> Survey {
    let mut survey = Survey::default();
    let (mut seen, mut named) = (BTreeSet::new(), BTreeSet::new());
    for root in read(&normalise(text)).documents {
        let checked = check(&root, &SourceFile::default());
        let files = checked.body_files.into_iter().filter(|(path, _)| seen.insert(path.clone()));
        survey.files.extend(files.map(|(path, at)| FileReference {
            path,
            line: at.line,
            column: at.column,
        }));
        let variables = checked.variables.into_iter();
        let variables = variables.filter(|(name, _)| named.insert(name.clone()));
        survey.variables.extend(variables.map(|(name, at)| VariableReference {
            name,
            line: at.line,
            column: at.column,
        }));
        if !root.is_null() {
            let name = checked.name.map(|(name, _)| name);
            survey.documents.push(Outline { kind: checked.kind, name, line: root.at.line });
        }
    }
    survey
}

impl<'a> Work<'a> {
    /// Reads and checks one file, unless enough faults were `found` before it.
    fn start(source: &'a SourceFile, found: &mut usize) -> Self {
        let text = normalise(&source.text);
        let reading = read(&text);
        let mut work = Self {
            source,
            listing: Listing::new(&source.path, &text),
            text,
            documents: Vec::new(),
            faults: reading.faults.into_iter().map(unreadable).collect(),
            warnings: Vec::new(),
            cut_short: reading.cut_short,
        };
        if work.cut_short {
            work.listing.mask_blindly();
        }
        *found += work.faults.len();
        for root in reading.documents {
            if *found >= ENOUGH_FAULTS {
                work.cut_short = true;
                break;
            }
            let mut checked = Checked::default();
            if !root.is_null() {
                checked = check(&root, source);
                work.cut_short |= checked.kind.is_none() || checked.name.is_none();
            }
            work.listing.mask(&checked.secrets);
            *found += checked.faults.len();
            work.faults.append(&mut checked.faults);
            work.documents.push((root, checked));
        }
        if work.faults.is_empty() && work.documents.iter().all(|(root, _)| root.is_null()) {
            let fault = Fault::new(Span::START, "there is no document in this file");
            work.faults.push(
                fault.help("start one with `apiVersion: frontier/v1`").code(Code::MissingKey),
            );
        }
        work
    }

    /// The documents with their types. The checks know the same grammar, so a fault here is rare:
    /// a number that no JSON holds, or a text that the two readers of YAML take differently.
    fn typed(&mut self) -> Vec<Document> {
        let mut documents = Vec::new();
        let replaced = self.documents.iter().flat_map(|(_, checked)| &checked.replaced);
        let text = spliced(&self.text, replaced);
        let sources = serde_yaml::Deserializer::from_str(&text);
        for (source, (root, checked)) in sources.zip(&self.documents) {
            let (Some(kind), Some((name, _))) = (checked.kind, &checked.name) else { continue };
            let origin = Origin { file: self.source.path.clone(), line: root.at.line };
            let fault = match written::read(kind, source, &self.source.files, origin) {
                Ok(Ok(document)) if document.name == *name => {
                    documents.push(document);
                    continue;
                }
                Ok(Ok(_)) => {
                    Fault::new(root.at, "this document cannot be told from the one before it")
                        .help("start each document with a line `---`")
                }
                Ok(Err(incomplete)) => Fault::new(root.at, incomplete.to_string()),
                Err(error) => Fault::new(locate(root, &error), words(&error)),
            };
            self.faults.push(fault);
        }
        if self.faults.is_empty() && documents.len() < self.named() {
            let fault = Fault::new(Span::START, "the documents of this file cannot be told apart");
            self.faults.push(fault.help("start each document with a line `---`"));
        }
        documents
    }

    fn named(&self) -> usize {
        self.documents.iter().filter(|(_, checked)| checked.name.is_some()).count()
    }
}

/// How many characters a quoted scalar has that stands at the beginning: its place may go on to
/// what follows it. `None` when there is no quote.
fn quoted(mut text: impl Iterator<Item = char>) -> Option<usize> {
    let quote = text.next().filter(|letter| matches!(letter, '"' | '\''))?;
    let mut width = 1;
    while let Some(letter) = text.next() {
        width += 1;
        match letter {
            '\\' if quote == '"' => width += usize::from(text.next().is_some()),
            letter if letter == quote => match text.next() {
                Some(next) if quote == '\'' && next == quote => width += 1,
                _ => return Some(width),
            },
            _ => {}
        }
    }
    None
}

/// The text with other values in some places.
fn spliced<'a>(text: &str, replaced: impl Iterator<Item = &'a (Span, String)>) -> String {
    let mut replaced: Vec<_> = replaced.collect();
    replaced.sort_by_key(|(at, _)| *at);
    // What an alias repeats is filled in once.
    replaced.dedup_by_key(|(at, _)| *at);
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for (at, value) in replaced.into_iter().rev() {
        let Some(line) = lines.get_mut(at.line - 1) else { continue };
        let before = line.chars().take(at.column - 1);
        let (rest, width) = (line.chars().skip(at.column - 1), at.width);
        let after = line.chars().skip(at.column - 1 + quoted(rest).unwrap_or(width));
        *line = before.chain(value.chars()).chain(after).collect();
    }
    lines.join("\n")
}

type TypedError = serde_path_to_error::Error<serde_yaml::Error>;

/// Where the typed reader stopped: as far along its path as the tree goes; if it has not begun, the
/// place it gives.
fn locate(root: &Node, error: &TypedError) -> Span {
    let (mut node, mut at) = (root, root.at);
    for segment in error.path() {
        let next = match segment {
            Segment::Map { key } => node.get(key),
            Segment::Seq { index } => node.items().get(*index).map(Rc::as_ref),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        let Some(next) = next else { break };
        (node, at) = (next, next.at);
    }
    match error.inner().location() {
        Some(place) if at == root.at => {
            Span { line: place.line(), column: place.column(), last_line: place.line(), width: 1 }
        }
        _ => at,
    }
}

/// The reader's message without its path and place, which the problem gives in its own form.
fn words(error: &TypedError) -> String {
    let message = error.inner().to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    message.strip_prefix(&format!("{}: ", error.path())).unwrap_or(message).to_owned()
}

/// Finds every document's place and reports those that are there twice.
fn together(works: &mut [Work]) -> Places {
    let mut places = Places::new();
    let mut twice = Vec::new();
    for (index, work) in works.iter().enumerate() {
        for (_, checked) in &work.documents {
            let (Some(kind), Some((name, at))) = (checked.kind, &checked.name) else { continue };
            let key = (kind, name.clone());
            if let Some((file, first)) = places.get(&key) {
                let file = &works[*file].source.path;
                let fault = Fault::new(*at, format!("there are two documents {kind} `{name}`"));
                let help = format!("the first is at {file}:{}:{}", first.line, first.column);
                twice.push((index, fault.help(help).code(Code::Duplicate)));
            } else {
                places.insert(key, (index, *at));
            }
        }
    }
    for (index, fault) in twice {
        works[index].faults.push(fault);
    }
    places
}

/// Reports references to nothing, and layouts that never end. A name may be missing only because
/// its document could not be read; then nothing is said of missing names.
fn resolve(works: &mut [Work], places: &Places, known: Option<&BTreeSet<(Kind, String)>>) {
    let whole = works.iter().all(|work| !work.cut_short);
    let layouts: BTreeMap<String, String> = works
        .iter()
        .flat_map(|work| &work.documents)
        .filter_map(|(_, checked)| {
            let layout = checked.references.iter().find(|reference| reference.layout)?;
            Some((checked.name.as_ref()?.0.clone(), layout.name.clone()))
        })
        .collect();
    let mut missing = 0;
    for work in works {
        for (_, checked) in &work.documents {
            for reference in &checked.references {
                let (kind, name) = (reference.kind, &reference.name);
                let key = (kind, name.clone());
                if whole
                    && missing < ENOUGH_FAULTS
                    && !places.contains_key(&key)
                    && known.is_none_or(|known| !known.contains(&key))
                {
                    missing += 1;
                    let Some(known) = known else {
                        work.warnings.push(unseen(kind, name, reference.at));
                        continue;
                    };
                    let names = places
                        .keys()
                        .chain(known)
                        .filter(|(other, _)| *other == kind)
                        .take(MAX_SUGGESTIONS);
                    let near = nearest(&brief(name), names.map(|(_, name)| name.as_str()));
                    let help = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("add a document of kind {kind} with this name"),
                    };
                    let message = format!("there is no {kind} `{}`", brief(name));
                    let fault = Fault::new(reference.at, message).help(help);
                    work.faults.push(fault.code(Code::UnknownReference));
                }
                if reference.layout && nested(name, &layouts) > MAX_LAYOUTS {
                    let fault =
                        Fault::new(reference.at, "these layouts go in a circle, or too deep");
                    let fault = fault.help("at most 8 templates around a template");
                    work.faults.push(fault.code(Code::EndlessLayout));
                }
            }
        }
    }
}

/// What the reader of YAML found, which says no more than that it is none.
fn unreadable(fault: Fault) -> Fault {
    if fault.code == Code::InvalidValue { fault.code(Code::YamlSyntax) } else { fault }
}

/// A name that only a workspace could know.
fn unseen(kind: Kind, name: &str, at: Span) -> Fault {
    Fault::new(at, format!("no {kind} `{}` is in these files", brief(name)))
        .help("without a workspace nobody knows whether it exists")
        .code(Code::NotChecked)
        .warning()
}

/// How many layouts there are from `name` outwards, counted no further than the limit.
fn nested(name: &str, layouts: &BTreeMap<String, String>) -> usize {
    std::iter::successors(Some(name), |name| layouts.get(*name).map(String::as_str))
        .take(MAX_LAYOUTS + 1)
        .count()
}

fn problems(mut works: Vec<Work>) -> Problems {
    let listed = works.iter_mut().map(|work| (&work.listing, std::mem::take(&mut work.faults)));
    Problems::list(listed)
}
