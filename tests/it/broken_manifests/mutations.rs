//! What people and programs do to a good manifest, line by line.
//!
//! The generator knows the text it is given only by its lines: `key: value`, perhaps after a dash
//! or inside braces. It makes what is certainly wrong, and remembers in which lines. The choices it
//! has come from a fixed seed, so every run makes the same.

use std::ops::RangeInclusive;

/// A manifest that is wrong.
#[derive(Debug)]
pub(crate) struct Broken {
    /// What was done, as `family: details`.
    pub(crate) deed: String,
    pub(crate) text: String,
    /// The lines that are wrong, from 1.
    pub(crate) lines: RangeInclusive<usize>,
}

impl Broken {
    pub(crate) fn family(&self) -> &str {
        self.deed.split(':').next().unwrap_or_default()
    }
}

/// A key with its value, somewhere in a line.
struct Pair<'a> {
    /// The line, from 0.
    line: usize,
    /// Where the key begins in its line.
    at: usize,
    key: &'a str,
    /// Empty when the value is what stands below.
    value: &'a str,
    /// The pair is all of its line, but for its indentation.
    alone: bool,
}

/// Where the keys are the writer's own.
const FREE: &[&str] = &["labels", "settings", "colors"];
/// Keys without which a mapping says nothing.
const REQUIRED: &[&str] =
    &["apiVersion", "kind", "name", "host", "subject", "metric", "target", "reason", "addresses"];
/// Values that are put in the place of a good one: key, values.
const WORSE: &[(&str, &[&str])] = &[
    ("apiVersion", &["frontier/v2", "v1", "1"]),
    ("kind", &["Lits", "campaign", "sms", "null"]),
    ("name", &["/etc/passwd", "'a:b'", "'-a'", "'a\\nb'", "~"]),
    ("email", &["hola", "a@b@c.example", "'<a@b.example>'", "a b@c.example"]),
    ("reply_to", &["ayuda", "ayuda@", "'a@b.example, c@d.example'"]),
    ("url", &["casaverde.example/baja", "ftp://a.example", "javascript:alert(1)"]),
    ("logo", &["logo.png", "ftp://a.example/b.png"]),
    ("languages", &["[Spanish]", "es", "[es_ES]"]),
    ("words_to_avoid", &["gratis", "['']", "[[gratis]]"]),
    ("reason", &["''", "[Competitors]"]),
    ("addresses", &["ana@a.example", "[ana]", "[A@a.example, a@A.example]", "['']"]),
    ("host", &["smtp://a.example", "a.example:25", "'a b'"]),
    ("port", &["0", "70000", "010", "0x1F", "1e3", "'587'", "12:30:00", "-1", "1_000"]),
    ("tls", &["yes", "ssl", "STARTTLS"]),
    ("env", &["A-B", "1A", "'hunter2!'"]),
    ("connections", &["65", "no", ".inf"]),
    ("timeout_seconds", &["3601", "1.5"]),
    ("format", &["docx", "Markdown", "no"]),
    ("body_file", &["../news.md", "/etc/passwd", "bodies/none.md", "C:/news.md", "bodies/"]),
    ("type", &["mail", "e-mail"]),
    ("channel", &["none", "customers", "mail2"]),
    ("template", &["none", "mail"]),
    ("segments", &["[none]", "[readers, readers]", "readers", "[[readers]]"]),
    ("lists", &["[none]", "[customers, customers]", "customers", "[[customers]]"]),
    ("amount", &["'1.200,00'", "many", "-1", "1e3"]),
    ("currency", &["euro", "€", "EU"]),
    ("start_date", &["2026-02-30", "1/3/2026", "2026-3-1", "2026-03-01T00:00:00Z"]),
    ("end_date", &["2025-03-31", "31.03.2026"]),
    ("timezone", &["CEST2", "Europe/Madird"]),
    ("campaign", &["none", "customers"]),
    ("cron", &["61 9 * * *", "0 9 1 *", "0 9 31 2 *", "'@dayly'", "0 9 1 * mno", "* 9"]),
    ("missed", &["always", "run-once", "Skip"]),
    ("metric", &["Clicks!", "'click rate'"]),
    ("target", &["0", "many", "-5", "99999999999999999999"]),
];
/// Characters that no manifest holds.
const ODD: &[char] =
    &['\0', '\u{1}', '\u{7}', '\u{8}', '\u{1b}', '\u{7f}', '\u{85}', '\u{feff}', '\u{ffff}'];
/// Lines that fit nowhere.
const STRAY: &[&str] =
    &["}}", "<<: *a", "%YAML 1.1", "? [a]", "*a : b", "@", "\tx: y", "!!str a: b"];

struct Maker<'a> {
    lines: Vec<&'a str>,
    made: Vec<Broken>,
    seed: u64,
}

/// Everything that is done to `good`.
pub(crate) fn mutations(good: &str) -> Vec<Broken> {
    let mut maker = Maker { lines: good.lines().collect(), made: Vec::new(), seed: 2026 };
    for pair in maker.pairs() {
        maker.keys(&pair);
        maker.values(&pair);
        maker.worse(&pair);
        if pair.alone {
            maker.structure(&pair);
        }
    }
    for line in 0..maker.lines.len() {
        maker.brackets(line);
        maker.characters(line);
        maker.strays(line);
    }
    maker.documents();
    let mut seen = std::collections::BTreeSet::new();
    maker.made.retain(|broken| seen.insert(broken.text.clone()));
    maker.made
}

impl<'a> Maker<'a> {
    /// A number below `limit`, the same in every run (`SplitMix64`).
    fn below(&mut self, limit: usize) -> usize {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn pairs(&self) -> Vec<Pair<'a>> {
        let mut pairs = Vec::new();
        let mut free = None;
        for (line, text) in self.lines.iter().copied().enumerate() {
            let indent = text.len() - text.trim_start().len();
            if free.is_some_and(|above| indent > above) || text.starts_with('#') {
                continue;
            }
            let found = pairs_of(line, text);
            let inner = found.iter().position(|pair| FREE.contains(&pair.key));
            free = inner.map(|_| indent);
            pairs.extend(found.into_iter().take(inner.unwrap_or(usize::MAX)));
        }
        pairs
    }

    fn make(&mut self, deed: String, lines: &[String], wrong: RangeInclusive<usize>) {
        let text = lines.join("\n") + "\n";
        self.made.push(Broken { deed, text, lines: wrong });
    }

    /// Puts `with` in the place of one line.
    fn replace(&mut self, family: &str, line: usize, with: &str) {
        let mut lines: Vec<String> = self.lines.iter().map(ToString::to_string).collect();
        with.clone_into(&mut lines[line]);
        self.make(
            format!("{family}: {with}"),
            &lines,
            line + 1..=line + 1 + with.matches('\n').count(),
        );
    }

    /// The pair written as `key` and `value`, with what is between them.
    fn rewrite(&mut self, family: &str, pair: &Pair<'_>, key: &str, between: &str, value: &str) {
        let text = self.lines[pair.line];
        let end = pair.at + pair.key.len() + 1;
        let end = if pair.value.is_empty() { end } else { end + 1 + pair.value.len() };
        let with = format!("{}{key}{between}{value}{}", &text[..pair.at], &text[end..]);
        self.replace(family, pair.line, &with);
    }

    fn keys(&mut self, pair: &Pair<'_>) {
        let Pair { key, value, .. } = *pair;
        let between = if value.is_empty() { ":" } else { ": " };
        let swapped = self.below(key.len() - 1);
        let mut letters: Vec<char> = key.chars().collect();
        letters.swap(swapped, swapped + 1);
        let misspelt: String = letters.into_iter().collect();
        if misspelt != key {
            self.rewrite("misspelt key", pair, &misspelt, between, value);
        }
        self.rewrite("unknown key", pair, "colour", between, value);
        self.rewrite("capital key", pair, &key.to_uppercase(), between, value);
        if !value.is_empty() {
            self.rewrite("unknown key", pair, &format!("[{key}]"), between, value);
        }
    }

    fn values(&mut self, pair: &Pair<'_>) {
        let Pair { key, value, .. } = *pair;
        if value.is_empty() || value.starts_with(['[', '{']) {
            return;
        }
        let quoted = value.starts_with(['"', '\'']);
        self.rewrite("list for a text", pair, key, ": ", "[1, 2]");
        self.rewrite("mapping for a text", pair, key, ": ", "{ a: b }");
        self.rewrite("tag", pair, key, ": ", &format!("!!str {value}"));
        self.rewrite("own tag", pair, key, ": ", &format!("!secret {value}"));
        self.rewrite("alias of nothing", pair, key, ": ", "*nowhere");
        self.rewrite("bad escape", pair, key, ": ", "\"\\q\"");
        if !quoted {
            self.rewrite("odd first letter", pair, key, ": ", &format!("@{value}"));
            self.rewrite("backtick", pair, key, ": ", &format!("`{value}`"));
            self.rewrite("unclosed quote", pair, key, ": ", &format!("'{value}"));
            self.rewrite("text after a quote", pair, key, ": ", &format!("'{value}' x"));
        }
        if pair.alone {
            self.rewrite("colon in a text", pair, key, ": ", &format!("{value}: x"));
            self.rewrite("dash in a text", pair, key, ": ", &format!("- {value}"));
        }
    }

    fn worse(&mut self, pair: &Pair<'_>) {
        let values = WORSE.iter().find(|(key, _)| *key == pair.key).map_or(&[][..], |(_, all)| all);
        // A sender's name is any line of text.
        let sender = pair.key == "name" && self.lines[pair.line].contains("email");
        for value in values.iter().filter(|_| !pair.value.is_empty() && !sender) {
            self.rewrite("wrong value", pair, pair.key, ": ", value);
        }
    }

    /// What is done to whole lines.
    fn structure(&mut self, pair: &Pair<'_>) {
        let Pair { line, at, key, value, .. } = *pair;
        let text = self.lines[line];
        let item = text.trim_start().starts_with("- ");
        if value.is_empty() {
            return;
        }
        self.rewrite("no space after the colon", pair, key, ":", value);
        self.rewrite("no colon", pair, key, " ", value);
        if value.starts_with(char::is_alphanumeric) {
            self.rewrite("tab after the colon", pair, key, ":\t", value);
        }
        if !item {
            self.replace("key twice", line, &format!("{text}\n{text}"));
        }
        if at >= 2 && !item {
            self.replace("tab", line, &format!("\t{}", &text[2..]));
            self.replace("tab after spaces", line, &format!("{}\t{}", &text[..at], &text[at..]));
        }
        if REQUIRED.contains(&key) && !item {
            let indent = |text: &str| text.len() - text.trim_start_matches([' ', '-']).len();
            let above = (0..line).rev().find(|above| indent(self.lines[*above]) < at);
            let above = above.filter(|_| at > 0).unwrap_or(line.saturating_sub(1));
            let mut lines: Vec<String> = self.lines.iter().map(ToString::to_string).collect();
            lines.remove(line);
            self.make(format!("missing key: {text}"), &lines, above + 1..=line + 1);
        }
    }

    fn brackets(&mut self, line: usize) {
        let text = self.lines[line];
        for (at, bracket) in text.char_indices().filter(|(_, letter)| "[]{}".contains(*letter)) {
            if text.starts_with('#') || text.contains("{%") || text.ends_with("{}") {
                continue;
            }
            let (before, after) = (&text[..at], &text[at + 1..]);
            self.replace("bracket lost", line, &format!("{before}{after}"));
            let other = if matches!(bracket, '}' | ']') { '>' } else { '<' };
            self.replace("other bracket", line, &format!("{before}{other}{after}"));
            self.replace("bracket twice", line, &format!("{before}{bracket}{bracket}{after}"));
        }
    }

    fn characters(&mut self, line: usize) {
        let text = self.lines[line];
        let odd = ODD[self.below(ODD.len())];
        let at = self.below(text.len() + 1);
        // At the very start of a text, a mark is no mistake.
        if text.is_char_boundary(at) && (line, at) != (0, 0) {
            let with = format!("{}{odd}{}", &text[..at], &text[at..]);
            self.replace("odd character", line, &with);
        }
    }

    fn strays(&mut self, line: usize) {
        let text = self.lines[line];
        let stray = STRAY[self.below(STRAY.len())];
        let indent = &text[..text.len() - text.trim_start().len()];
        if !text.starts_with(['#', '-']) {
            self.replace("stray line", line, &format!("{indent}{stray}\n{text}"));
        }
    }

    /// Each document a second time, at the end.
    fn documents(&mut self) {
        let text = self.lines.join("\n");
        for document in text.split("---\n") {
            let all = format!("{text}\n---\n{document}");
            let lines: Vec<String> = all.lines().map(str::to_owned).collect();
            let first = self.lines.len() + 1;
            let last = lines.len();
            self.make(format!("document twice: {}", &document[..40]), &lines, first..=last);
        }
    }
}

/// The pairs of a line.
fn pairs_of(line: usize, text: &str) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    let start = text.len() - text.trim_start_matches([' ', '-']).len();
    let flow = text.contains("{ ") && !text.contains("{%");
    for (colon, _) in text.match_indices(':') {
        let rest = &text[colon + 1..];
        let at = text[..colon].rfind(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        let at = at.map_or(0, |before| before + 1);
        let after_brace = text[..at].trim_end().ends_with(['{', ',']);
        if !(rest.is_empty() || rest.starts_with(' ')) || !(at == start || (flow && after_brace)) {
            continue;
        }
        let value = rest.trim_start();
        let inner = at != start;
        let end = match value.chars().next() {
            Some('{') if !inner => value.len(),
            Some('[') => value.find(']').map_or(value.len(), |end| end + 1),
            _ if inner => value.find([',', '}']).unwrap_or(value.len()),
            _ => value.len(),
        };
        let value = value[..end].trim_end();
        let key = &text[at..colon];
        let alone = !inner && !value.starts_with(['{', '[']);
        pairs.push(Pair { line, at, key, value, alone });
    }
    pairs
}
