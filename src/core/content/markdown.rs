//! Markdown to HTML, with Jinja blocks where an author would expect them.
//!
//! A block tag with a line to itself stands between paragraphs, not in one. Between the rows of a
//! table it repeats rows, and around a list it repeats items, not lists.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::lex::{Kind, Nesting, Piece};
use super::mask::Masked;

pub(super) fn to_html(pieces: &[Piece]) -> Vec<Piece> {
    let masked = Masked::words(pieces);
    let text = autolinks(&masked, &block_lines(&masked));
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(&text, options).collect();
    let events = loops_inside_lists(rows_of_tags(events, &masked), &masked);
    let mut html = String::with_capacity(text.len() * 2);
    html::push_html(&mut html, events.into_iter());
    masked.unmask(&html)
}

/// Makes lines that hold nothing but block tags a comment, or a row where they repeat rows.
fn block_lines(masked: &Masked) -> String {
    let lines: Vec<&str> = masked.text.split_inclusive('\n').collect();
    let mut out = String::with_capacity(masked.text.len());
    let mut fence = None;
    // within a table, how many blocks have been opened between its rows
    let mut table = None;
    for (at, line) in lines.iter().enumerate() {
        let content = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| content.starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        let words = if fence.is_none() { only_blocks(masked, content) } else { None };
        let Some(words) = words else {
            table = content.starts_with('|').then(|| table.unwrap_or(0));
            out.push_str(line);
            continue;
        };
        let change = nesting(content, masked);
        let row_follows = || {
            let next = lines[at + 1..].iter().find(|line| only_blocks(masked, line).is_none());
            next.is_some_and(|line| line.trim_start().starts_with('|'))
        };
        table = table
            .filter(|depth| change.closes <= *depth && (change.closes > 0 || row_follows()))
            .map(|depth| depth + change.opens - change.closes);
        out.push_str(&line[..line.len() - line.trim_start().len()]);
        if table.is_some() {
            out.extend(["| ", &words.concat(), " |"]);
        } else {
            comments(&words, &mut out);
        }
        out.push('\n');
    }
    out
}

/// Makes `<{{ url }}>` a link; to the Markdown parser its token is no address.
fn autolinks(masked: &Masked, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut written, mut at) = (0, 0);
    while let Some(found) = masked.find(text, at) {
        at = found.range.end;
        let (before, after) = (&text[written..found.range.start], &text[at..]);
        if let (Some(before), true) = (before.strip_suffix('<'), after.starts_with('>')) {
            let word = &text[found.range];
            out.extend([before, "[", word, "](", word, ")"]);
            written = at + 1;
        }
    }
    out.push_str(&text[written..]);
    out
}

/// The tokens of `text`, when it is block tags and nothing else.
fn only_blocks<'t>(masked: &Masked, text: &'t str) -> Option<Vec<&'t str>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(found) = masked.find(text, at) {
        if found.tag.kind != Kind::Block || !text[at..found.range.start].trim().is_empty() {
            return None;
        }
        words.push(&text[found.range.clone()]);
        at = found.range.end;
    }
    (!words.is_empty() && text[at..].trim().is_empty()).then_some(words)
}

/// Takes the block tags out of the table rows they were put into.
fn rows_of_tags<'a>(events: Vec<Event<'a>>, masked: &Masked) -> Vec<Event<'a>> {
    let mut out = Vec::with_capacity(events.len());
    let mut row_start = 0;
    for event in events {
        match &event {
            Event::Start(Tag::TableRow) => row_start = out.len(),
            Event::End(TagEnd::TableRow) => {
                if let Some(comments) = row_of_tags(&out[row_start..], masked) {
                    out.truncate(row_start);
                    out.push(Event::Html(CowStr::from(comments + "\n")));
                    continue;
                }
            }
            _ => {}
        }
        out.push(event);
    }
    out
}

fn row_of_tags(row: &[Event<'_>], masked: &Masked) -> Option<String> {
    let mut text = String::new();
    for event in row {
        match event {
            Event::Text(part) => text.push_str(part),
            Event::Start(Tag::TableRow | Tag::TableCell) | Event::End(TagEnd::TableCell) => {}
            _ => return None,
        }
    }
    let words = only_blocks(masked, &text)?;
    let mut out = String::new();
    comments(&words, &mut out);
    Some(out)
}

fn comments(words: &[&str], out: &mut String) {
    for word in words {
        out.extend(["<!--", word, "-->"]);
    }
}

/// Moves a loop that stands around a list into it.
fn loops_inside_lists<'a>(mut events: Vec<Event<'a>>, masked: &Masked) -> Vec<Event<'a>> {
    let mut lists = Vec::new();
    let mut at = 0;
    while at < events.len() {
        match &events[at] {
            Event::Start(Tag::List(_)) => lists.push(at),
            Event::End(TagEnd::List(_)) => {
                let around = lists.pop().filter(|start| *start >= 3 && at + 3 < events.len());
                if let Some(start) = around
                    && let (Some(before), Some(after)) = (
                        comment_block(&events[start - 3..start]),
                        comment_block(&events[at + 1..at + 4]),
                    )
                    && is_loop(before, after, masked)
                {
                    events[at..at + 4].rotate_left(1);
                    events[start - 3..=start].rotate_right(1);
                    at += 3;
                }
            }
            _ => {}
        }
        at += 1;
    }
    events
}

fn comment_block<'e>(events: &'e [Event<'_>]) -> Option<&'e str> {
    match events {
        [Event::Start(Tag::HtmlBlock), Event::Html(html), Event::End(TagEnd::HtmlBlock)] => {
            Some(html)
        }
        _ => None,
    }
}

fn is_loop(before: &str, after: &str, masked: &Masked) -> bool {
    let (open, close) = (nesting(before, masked), nesting(after, masked));
    open.loops && open.opens == close.closes && open.closes == 0 && close.opens == 0
}

#[derive(Default)]
struct Change {
    opens: usize,
    closes: usize,
    loops: bool,
}

/// What the block tags of `text` do together; `else` closes and opens.
fn nesting(text: &str, masked: &Masked) -> Change {
    let mut change = Change::default();
    let mut at = 0;
    while let Some(found) = masked.find(text, at) {
        change.loops |= found.tag.keyword() == "for";
        let nesting = found.tag.nesting();
        change.opens += usize::from(matches!(nesting, Nesting::Opens | Nesting::Continues));
        change.closes += usize::from(matches!(nesting, Nesting::Closes | Nesting::Continues));
        at = found.range.end;
    }
    change
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::lex::lex;
    use super::*;

    fn html(source: &str) -> String {
        to_html(&lex("t", source)).into_iter().map(|piece| piece.source).collect()
    }

    #[test]
    fn tags_keep_their_quotes_and_pipes() {
        assert_snapshot!(
            html("Hi *{{ x | default(\"y\") }}*, [go]({{ url }}?a=1&b={{ x }} 'T & T') ~~no~~ <{{ url }}>"),
            @r#"<p>Hi <em>{{ x | default("y") }}</em>, <a href="{{ url }}?a=1&amp;b={{ x }}" title="T &amp; T">go</a> <del>no</del> <a href="{{ url }}">{{ url }}</a></p>"#
        );
    }

    #[test]
    fn a_block_on_its_line_stands_between_paragraphs_and_one_in_a_line_within() {
        assert_snapshot!(html("{% if a %}Hello{% else %}*Bye*{% endif %} you\n{% if a %}\nMore **text**\n{% endif %}\nEnd"), @r"
        <p>{% if a %}Hello{% else %}<em>Bye</em>{% endif %} you</p>
        {% if a %}
        <p>More <strong>text</strong></p>
        {% endif %}
        <p>End</p>
        ");
    }

    #[test]
    fn a_loop_repeats_rows() {
        assert_snapshot!(html("| A | B |\n|---|--:|\n{% for x in xs %}\n| {{ x.a | upper }} | {{ x.b }} |\n{% endfor %}\n"), @r#"
        <table><thead><tr><th>A</th><th style="text-align: right">B</th></tr></thead><tbody>
        {% for x in xs %}
        <tr><td>{{ x.a | upper }}</td><td style="text-align: right">{{ x.b }}</td></tr>
        {% endfor %}
        </tbody></table>
        "#);
    }

    #[test]
    fn a_condition_around_a_table_stays_around_it() {
        assert_snapshot!(html("{% if a %}\n| A |\n|---|\n| 1 |\n{% else %}\nno\n{% endif %}\n\n| B |\n|---|\n| 2 |\n{% if a %}\nyes\n{% endif %}"), @r"
        {% if a %}
        <table><thead><tr><th>A</th></tr></thead><tbody>
        <tr><td>1</td></tr>
        </tbody></table>
        {% else %}
        <p>no</p>
        {% endif %}
        <table><thead><tr><th>B</th></tr></thead><tbody>
        <tr><td>2</td></tr>
        </tbody></table>
        {% if a %}
        <p>yes</p>
        {% endif %}
        ");
    }

    #[test]
    fn a_loop_repeats_items() {
        assert_snapshot!(html("{% for x in xs %}\n- {{ x }}\n{% endfor %}\n\nEnd"), @r"
        <ul>
        {% for x in xs %}
        <li>{{ x }}</li>
        {% endfor %}
        </ul>
        <p>End</p>
        ");
    }

    #[test]
    fn code_shows_tags_in_place() {
        assert_snapshot!(html("```\n{% if a %}\nx < y\n{% endif %}\n```"), @r"
        <pre><code>{% if a %}
        x &lt; y
        {% endif %}
        </code></pre>
        ");
    }
}
