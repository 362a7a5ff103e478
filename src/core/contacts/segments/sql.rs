//! Compiling: from a checked condition to SQL that both engines run.
//!
//! The text is made of constants of ours; all that a person wrote is a parameter. The alias `c` is
//! the contact, `?1` the workspace.
//!
//! The logic of SQL has three values, and so has ours. But no `NOT` is put before a condition that
//! may be unknown: it is carried down to the comparisons, which are turned into their opposites. So
//! a part that is unknown does what a false one does, planners see plain joins of conditions, and
//! the engines have nothing to disagree on.

use super::language::Field;
use super::model::{Comparison, Condition, Deed, Operand, Pattern, Piece, Subject};
use crate::core::contacts::AttributeType;
use crate::core::kernel::Timestamp;
use crate::storage::sql::{Dialect, Params, Value};

/// The JSON object of a contact's attributes.
const ATTRIBUTES: &str = "c.attributes";

/// What follows the last `@` of the folded address, in functions both engines have.
const DOMAIN: &str =
    "substr(c.email_folded, length(rtrim(c.email_folded, replace(c.email_folded, '@', ''))) + 1)";

/// The condition as SQL, for a statement in which `contacts c` is read and `?1` is the workspace.
/// Its parameters are added to `params`. It is asked at the moment `now`.
pub fn compile(
    condition: &Condition,
    dialect: Dialect,
    now: Timestamp,
    params: &mut Params,
) -> String {
    Compiler { dialect, now, params }.condition(condition, true)
}

/// Who an audience is, as [`compile`] has it: the contacts whose ids `members` selects, and those of
/// whom one of `segments` is true.
pub fn audience(
    members: &str,
    segments: &[Condition],
    dialect: Dialect,
    now: Timestamp,
    params: &mut Params,
) -> String {
    let mut any = vec![format!("c.id IN ({members})")];
    any.extend(segments.iter().map(|one| format!("({})", compile(one, dialect, now, params))));
    format!("({})", any.join(" OR "))
}

struct Compiler<'a> {
    dialect: Dialect,
    now: Timestamp,
    params: &'a mut Params,
}

impl Compiler<'_> {
    /// SQL that is true where `condition` is `wanted`, and false or null elsewhere.
    fn condition(&mut self, condition: &Condition, wanted: bool) -> String {
        match condition {
            Condition::All(parts) => {
                self.joined(parts, if wanted { " AND " } else { " OR " }, wanted)
            }
            Condition::Any(parts) => {
                self.joined(parts, if wanted { " OR " } else { " AND " }, wanted)
            }
            Condition::Not(inner) => self.condition(inner, !wanted),
            Condition::Compare { subject, op, value } => {
                self.compare(subject, if wanted { *op } else { op.opposite() }, value)
            }
            Condition::OneOf { subject, values } => self.one_of(subject, values, wanted),
            Condition::Like { subject, pattern } => {
                let text = self.subject(subject);
                let pattern = self.pattern(pattern);
                let not = if wanted { "" } else { "NOT " };
                format!("{text} {not}{} {pattern}", self.dialect.matches())
            }
            Condition::Missing(subject) => self.missing(subject, wanted),
            Condition::Contains { key, item } => {
                let has = self.dialect.json_list_has(ATTRIBUTES, key, item, self.params);
                if wanted { has } else { format!("NOT ({has})") }
            }
            Condition::Did(deed) => self.did(deed, wanted),
            Condition::Tagged(tag) => {
                let tag = self.bind(tag.as_str());
                let rows = Rows { table: "contact_tags x", contact: "x.contact_id" };
                rows.holding(&format!("x.tag = {tag}"), Some("x.workspace_id"), wanted)
            }
            Condition::OnList(list) => {
                let list = self.bind(list.as_str());
                let rows = Rows { table: "list_members x", contact: "x.contact_id" };
                let rule = format!(
                    "x.state = 'subscribed' AND x.list_id IN
                         (SELECT l.id FROM lists l WHERE l.workspace_id = ?1 AND l.name = {list})"
                );
                rows.holding(&rule, None, wanted)
            }
            // Every segment that is named was put in its place; see `resolve`.
            Condition::InSegment(_) => if wanted { "FALSE" } else { "TRUE" }.to_owned(),
            Condition::Consented(purpose) => {
                let purpose = self.bind(purpose.as_str());
                let not = if wanted { "" } else { "NOT " };
                format!(
                    "{not}EXISTS (SELECT 1 AS one FROM consents x
                         WHERE x.contact_id = c.id AND x.purpose = {purpose} AND x.state = 'granted'
                           AND NOT EXISTS (SELECT 1 AS one FROM consents y
                               WHERE y.contact_id = c.id AND y.purpose = {purpose} AND y.id > x.id))"
                )
            }
        }
    }

    fn joined(&mut self, parts: &[Condition], word: &str, wanted: bool) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part, wanted)).collect();
        format!("({})", parts.join(word))
    }

    fn compare(&mut self, subject: &Subject, op: Comparison, value: &Operand) -> String {
        if let (
            Subject::Attribute { key, kind: AttributeType::Text },
            Comparison::Equal,
            Operand::Text(text),
        ) = (subject, op, value)
        {
            return self.dialect.json_text_among(ATTRIBUTES, key, &[text], self.params);
        }
        let left = self.subject(subject);
        let right = self.operand(subject, value);
        let is_text = matches!(value, Operand::Text(_) | Operand::Day(_))
            || matches!((value, subject), (Operand::Now(_), Subject::Attribute { .. }));
        let orders = !matches!(op, Comparison::Equal | Comparison::Unequal);
        let left = if is_text && orders { self.dialect.by_bytes(&left) } else { left };
        format!("{left} {} {right}", op.sql())
    }

    fn one_of(&mut self, subject: &Subject, values: &[Operand], wanted: bool) -> String {
        if let (true, Subject::Attribute { key, kind: AttributeType::Text }) = (wanted, subject) {
            let texts: Vec<&str> = values
                .iter()
                .filter_map(|value| match value {
                    Operand::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            return self.dialect.json_text_among(ATTRIBUTES, key, &texts, self.params);
        }
        let left = self.subject(subject);
        let marks: Vec<String> = values.iter().map(|value| self.operand(subject, value)).collect();
        let not = if wanted { "" } else { "NOT " };
        format!("{left} {not}IN ({})", marks.join(", "))
    }

    fn missing(&mut self, subject: &Subject, wanted: bool) -> String {
        if let Subject::Attribute { key, kind: AttributeType::List } = subject {
            let has = self.dialect.json_has_list(ATTRIBUTES, key, self.params);
            return if wanted { format!("NOT {has}") } else { has };
        }
        let subject = self.subject(subject);
        let not = if wanted { "" } else { "NOT " };
        format!("{subject} IS {not}NULL")
    }

    fn did(&mut self, deed: &Deed, wanted: bool) -> String {
        let mut rules = vec![format!("x.activity = {}", self.bind(deed.activity.as_str()))];
        if let Some(within) = deed.within {
            let since = self.now.as_millis().saturating_sub(within);
            rules.push(format!("x.last_at >= {}", self.bind(since)));
        }
        if let Some(campaign) = &deed.campaign {
            let campaign = self.bind(campaign.as_str());
            rules.push(format!(
                "x.campaign_id IN
                     (SELECT k.id FROM campaigns k WHERE k.workspace_id = ?1 AND k.name = {campaign})"
            ));
        }
        let rows = Rows { table: "contact_activity x", contact: "x.contact_id" };
        rows.holding(&rules.join(" AND "), Some("x.workspace_id"), wanted)
    }

    /// A value of the contact, or null.
    fn subject(&mut self, subject: &Subject) -> String {
        match subject {
            Subject::Field(field) => match field {
                Field::Email => "c.email_folded",
                Field::Name => "NULLIF(c.name_folded, '')",
                Field::Domain => DOMAIN,
                Field::Language => "c.language",
                Field::Timezone => "c.timezone",
                Field::Notes => "NULLIF(c.notes, '')",
                Field::Created => "c.created_at",
                Field::Updated => "c.updated_at",
                Field::Role => "c.role_address",
                Field::Disposable => "c.disposable_address",
            }
            .to_owned(),
            Subject::Attribute { key, kind } => match kind {
                AttributeType::Number => self.dialect.json_number(ATTRIBUTES, key, self.params),
                AttributeType::Boolean => self.dialect.json_boolean(ATTRIBUTES, key, self.params),
                AttributeType::Text | AttributeType::Date | AttributeType::List => {
                    self.dialect.json_text(ATTRIBUTES, key, self.params)
                }
            },
        }
    }

    fn operand(&mut self, subject: &Subject, value: &Operand) -> String {
        match value {
            Operand::Text(text) => self.bind(text.as_str()),
            Operand::Number(number) => self.bind(*number),
            Operand::Boolean(yes) => self.bind(*yes),
            Operand::Day(day) => self.bind(*day),
            Operand::Time(time) => self.bind(*time),
            Operand::Now(offset) => {
                let time = Timestamp::from_millis(self.now.as_millis().saturating_add(*offset));
                match subject {
                    Subject::Field(_) => self.bind(time),
                    Subject::Attribute { .. } => self.bind(time.date()),
                }
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) -> String {
        let (any, one) = self.dialect.holes();
        let mut text = String::new();
        for piece in &pattern.0 {
            match piece {
                Piece::Text(piece) => text.push_str(&self.dialect.verbatim(piece)),
                Piece::Any => text.push_str(any),
                Piece::One => text.push_str(one),
            }
        }
        self.bind(text)
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("?{}", self.params.len())
    }
}

/// Rows of another table, `x`, that belong to a contact.
struct Rows {
    table: &'static str,
    contact: &'static str,
}

impl Rows {
    /// Whether one of them obeys `rule`. Those who have such a row are looked up from the rows,
    /// which an index finds; those who have none, from the contacts.
    fn holding(&self, rule: &str, workspace: Option<&str>, wanted: bool) -> String {
        let Self { table, contact } = self;
        if wanted {
            let here = workspace.map(|column| format!("{column} = ?1 AND ")).unwrap_or_default();
            format!("c.id IN (SELECT {contact} FROM {table} WHERE {here}{rule})")
        } else {
            format!("NOT EXISTS (SELECT 1 AS one FROM {table} WHERE {contact} = c.id AND {rule})")
        }
    }
}
