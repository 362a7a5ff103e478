//! The text part, derived from the finished HTML: what a person would have typed.
//!
//! Layout tables leave no trace, images leave their alternative text, links read `text (url)`.
//! Lines are not wrapped here: that waits for the values ([`tidy`](super::tidy)).

use std::cell::RefCell;
use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tokenizer::{Tokenizer, TokenizerOpts};

use super::lex::{Kind, Nesting, Piece};
use super::lines::Lines;
use super::mask::Masked;

/// Derives the text part of `html`, a conversion of what is masked.
pub(super) fn derive(html: &str, masked: &Masked) -> Vec<Piece> {
    let sink =
        Sink(RefCell::new(Walker { masked, open: Vec::new(), out: Lines::default(), bare: None }));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut pieces = masked.unmask(&tokenizer.sink.0.into_inner().out.text);
    pieces.iter_mut().filter(|piece| piece.is_tag()).for_each(keep_breaks);
    pieces
}

/// Takes the `-` from `{%-` and `-%}`: it was meant for the space between elements, and would join
/// lines here.
fn keep_breaks(tag: &mut Piece) {
    let source = &tag.source;
    let (open, rest) = source.split_at(2);
    let (inside, close) = rest.split_at(rest.len().saturating_sub(2));
    let inside = inside.strip_prefix('-').unwrap_or(inside);
    tag.source = [open, inside.strip_suffix('-').unwrap_or(inside), close].concat();
}

struct Sink<'a>(RefCell<Walker<'a>>);

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut walker = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => walker.start(&tag),
            Token::TagToken(tag) => walker.end(&tag.name),
            Token::CharacterTokens(text) if !walker.is_hidden() => walker.text(&text),
            Token::CommentToken(comment) => walker.comment(&comment),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

struct Walker<'a> {
    masked: &'a Masked,
    open: Vec<Element>,
    out: Lines,
    /// The last link that had no text, such as an icon's: where it was written, and to where.
    bare: Option<(Range<usize>, String)>,
}

struct Element {
    name: String,
    hidden: bool,
    role: Role,
}

enum Role {
    Plain,
    /// The text before the link, and where it leads.
    Link {
        start: usize,
        href: String,
    },
    /// The number of the next item, when items are numbered.
    List {
        next: Option<usize>,
    },
    /// Something indents its lines.
    Indented,
    Table {
        layout: bool,
    },
}

const HIDDEN: [&str; 6] = ["head", "style", "script", "title", "template", "svg"];
const VOID: [&str; 8] = ["br", "hr", "img", "meta", "link", "input", "wbr", "col"];

impl Walker<'_> {
    fn is_hidden(&self) -> bool {
        self.open.last().is_some_and(|element| element.hidden)
    }

    fn start(&mut self, tag: &Tag) {
        let name = &*tag.name;
        let attribute = |wanted: &str| {
            tag.attrs.iter().find(|attribute| &*attribute.name.local == wanted).map(|a| &*a.value)
        };
        if VOID.contains(&name) {
            if !self.is_hidden() {
                self.void(name, attribute("alt").unwrap_or_default());
            }
            return;
        }
        let style = attribute("style").unwrap_or_default().replace(' ', "").to_ascii_lowercase();
        let hidden = self.is_hidden()
            || HIDDEN.contains(&name)
            || attribute("hidden").is_some()
            || style.contains("display:none");
        let role = if hidden {
            Role::Plain
        } else {
            self.out.owe(breaks_around(name));
            self.role(name, &attribute)
        };
        self.open.push(Element { name: name.to_owned(), hidden, role });
    }

    fn role<'t>(&mut self, name: &str, attribute: &dyn Fn(&str) -> Option<&'t str>) -> Role {
        match name {
            "a" => {
                let href = attribute("href").unwrap_or_default().trim().to_owned();
                Role::Link { start: self.out.text.len(), href }
            }
            "ul" => Role::List { next: None },
            "ol" => Role::List { next: Some(1) },
            "li" => {
                let list = self.open.iter_mut().rev().find_map(|element| match &mut element.role {
                    Role::List { next } => Some(next),
                    _ => None,
                });
                let number = list.and_then(|next| {
                    let number = (*next)?;
                    *next = Some(number + 1);
                    Some(number)
                });
                let marker = number.map_or_else(|| "- ".into(), |number| format!("{number}. "));
                self.out.indent(" ".repeat(marker.len()), Some(marker));
                Role::Indented
            }
            "blockquote" => {
                self.out.indent("> ".into(), None);
                Role::Indented
            }
            "table" => Role::Table { layout: attribute("role") == Some("presentation") },
            "td" | "th" if self.in_layout_table() => {
                self.out.owe(2);
                Role::Plain
            }
            "td" | "th" => {
                self.out.owe_cell();
                Role::Plain
            }
            _ => Role::Plain,
        }
    }

    fn in_layout_table(&self) -> bool {
        self.open.iter().rev().any(|element| matches!(element.role, Role::Table { layout: true }))
            && !self.open.iter().rev().any(|e| matches!(e.role, Role::Table { layout: false }))
    }

    fn void(&mut self, name: &str, alt: &str) {
        match name {
            "br" => self.out.owe_one_more(),
            "hr" => {
                self.out.owe(2);
                self.out.word("----------");
                self.out.owe(2);
            }
            "img" => self.text(alt),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|element| element.name == name) else { return };
        for element in self.open.split_off(at).into_iter().rev() {
            if element.hidden {
                continue;
            }
            match element.role {
                Role::Link { start, href } => self.link(start, &href),
                Role::Indented => self.out.outdent(),
                _ => {}
            }
            self.out.owe(breaks_around(&element.name));
        }
    }

    /// Adds where a link leads, unless its text says so.
    fn link(&mut self, start: usize, href: &str) {
        let text = self.out.text.get(start..).unwrap_or_default().trim();
        // one tag in two places has two tokens
        let (shown, target) = (self.restored(text), self.restored(href));
        let address = target.trim_start_matches("mailto:").trim_start_matches("tel:");
        if href.is_empty() || href.starts_with('#') || shown == address || shown == target {
            return;
        }
        if shown.is_empty() {
            self.out.word(href);
            let end = self.out.text.len();
            self.bare = Some((end - href.len()..end, target));
        } else {
            // what an icon leads to is said once, by the words next to it
            if let Some((range, _)) = self.bare.take_if(|(_, bare)| *bare == target) {
                self.out.text.replace_range(range, "");
            }
            self.out.space = true;
            self.out.word(&format!("({href})"));
        }
    }

    fn restored(&self, text: &str) -> String {
        self.masked.unmask(text).into_iter().map(|piece| piece.source).collect()
    }

    fn text(&mut self, text: &str) {
        if self.open.iter().any(|element| element.name == "pre") {
            for (at, line) in text.split('\n').enumerate() {
                if at > 0 {
                    self.out.owe_one_more();
                }
                self.out.verbatim(line);
            }
            return;
        }
        // soft hyphens, zero-width spaces and joiners are layout, not text
        let text = text.replace(['\u{ad}', '\u{200b}', '\u{34f}', '\u{feff}'], "");
        self.out.space |= text.starts_with(char::is_whitespace);
        for (at, word) in text.split_whitespace().enumerate() {
            self.out.space |= at > 0;
            self.out.word(word);
        }
        self.out.space |= text.ends_with(char::is_whitespace);
    }

    /// A comment is either a block tag or of no interest. Hidden ones count as well: what is `set`
    /// in the head may be used in the body.
    fn comment(&mut self, comment: &str) {
        let found = self.masked.find(comment, 0).filter(|found| found.range.len() == comment.len());
        let Some(found) = found.filter(|found| found.tag.kind == Kind::Block) else { return };
        if self.is_hidden() {
            self.out.text.push_str(comment);
            return;
        }
        if let Some(Element { role: Role::List { next }, .. }) = self.open.last_mut()
            && found.tag.nesting() == Nesting::Opens
        {
            *next = None; // how many items there will be is not known
        }
        self.out.block_tag(comment);
    }
}

/// Line breaks before and after an element.
fn breaks_around(name: &str) -> usize {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "dl" | "blockquote"
        | "pre" | "table" | "figure" => 2,
        "div" | "section" | "article" | "header" | "footer" | "main" | "nav" | "center" | "li"
        | "tr" | "dt" | "dd" | "address" | "figcaption" | "caption" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::lex::lex;
    use super::*;

    fn text(html: &str) -> String {
        let masked = Masked::markup(&lex("t", html)).unwrap();
        derive(&masked.text, &masked).into_iter().map(|piece| piece.source).collect()
    }

    #[test]
    fn it_reads_like_a_letter() {
        assert_snapshot!(text(r##"<html><head><title>no</title><style>p{}</style></head><body>
            <div style="display: none">hidden</div><h1>Spring
            is here</h1><p>Dear&nbsp;{{ name }}, <b>see</b> <a href="https://e.com/?a=1&amp;b=2">our shop</a>.<br>Bye</p>
            <a href="https://e.com">https://e.com</a> <a href="mailto:a@e.com">a@e.com</a> <a href="#top">up</a> <a href="{{ u }}">{{ u }}</a>
            <a href="{{ unsubscribe_url }}"><img src="x" alt="Leave"></a>
            <p><a href="https://s.com"><img src="x"></a></p> <a href="https://s.com">Follow us</a><img src="pixel.gif" alt="">
            <blockquote><p>One</p><p>Two</p></blockquote><hr><pre>a
  b</pre></body></html>"##), @r"
  Spring is here

  Dear {{ name }}, see our shop (https://e.com/?a=1&b=2).
  Bye

  https://e.com a@e.com up {{ u }} Leave ({{ unsubscribe_url }})



  Follow us (https://s.com)

  > One
  > Two

  ----------

  a
    b
  ");
    }

    #[test]
    fn lists_and_tables_are_drawn_and_layout_is_not() {
        assert_snapshot!(text(r#"<ol><li>One<ul><li>Deep</li></ul></li><li><p>Two</p></li></ol>
            <ol>{% for x in xs %}<li>{% if x %}{{ x }}{% endif %}</li>{% endfor %}</ol>
            <table><tr><th>Item</th><th>Price</th></tr>{% for x in xs %}<tr><td>{{ x }}</td><td>1 €</td></tr>{% endfor %}</table>
            <table role="presentation"><tr><td><table role="presentation"><tr><td>Left</td><td><div>Right</div></td></tr></table></td></tr></table>"#), @r"
            1. One
               - Deep
            2. Two

            {% for x in xs %}- {% if x %}{{ x }}{% endif %}
            {% endfor %}
            Item | Price
            {% for x in xs %}{{ x }} | 1 €
            {% endfor %}
            Left

            Right
            ");
    }

    #[test]
    fn what_is_left_out_leaves_no_hole() {
        let source = text(
            "<head>{% set y = 'E' %}</head><p>A</p> {%- if x -%} <p>B</p> {%- endif %}
            <p>C{% if x %} D{% endif %}{{ y }}</p>",
        );
        let env = minijinja::Environment::new();
        let shown = |x| env.render_str(&source, minijinja::context! { x }).unwrap();
        assert_eq!(shown(true), "A\n\nB\n\nC DE");
        assert_eq!(shown(false), "A\n\nCE");
    }
}
