//! Which contacts: the conditions of a filter as SQL.
//!
//! The most selective of them is what the page is read from, in the order of an index: the members
//! of a list, else those with a tag, else everybody. The others are checked contact by contact.

use crate::core::contacts::segments::{Condition, compile};
use crate::core::kernel::{Id, PageRequest, Timestamp, fold, fold_address};
use crate::storage::sql::{Dialect, Params, Value, params};

/// Sorts after every text that starts as it does.
const LAST: char = '\u{10ffff}';

/// Conditions that must all hold.
#[derive(Clone, Debug, Default)]
pub(in crate::core::contacts) struct Which<'a> {
    /// Subscribed to it.
    pub(in crate::core::contacts) list: Option<Id>,
    /// Folded.
    pub(in crate::core::contacts) tags: Vec<&'a str>,
    /// The start of the address or of the name.
    pub(in crate::core::contacts) q: Option<&'a str>,
    pub(in crate::core::contacts) role_address: Option<bool>,
    pub(in crate::core::contacts) disposable_address: Option<bool>,
    /// What a segment asks, and the moment it is asked at.
    pub(in crate::core::contacts) condition: Option<(&'a Condition, Timestamp)>,
}

impl Which<'_> {
    /// What follows `FROM`, where a contact is `c`, and its values: a page of `workspace`.
    pub(super) fn sql(
        &self,
        dialect: Dialect,
        workspace: Id,
        page: &PageRequest,
    ) -> (String, Params) {
        let mut values = params![workspace, page.after, page.fetch()];
        let mut bind = |value: Value| {
            values.push(value);
            format!("?{}", values.len())
        };
        let mut tags = self.tags.iter();
        let (from, key) = if let Some(list) = self.list {
            let list = bind(list.into());
            let from = format!(
                "list_members m JOIN contacts c
                 ON m.list_id = {list} AND m.state = 'subscribed' AND c.id = m.contact_id"
            );
            (from, "m.contact_id")
        } else if let Some(tag) = tags.next() {
            let tag = bind((*tag).into());
            let from = format!(
                "contact_tags t JOIN contacts c
                 ON t.workspace_id = ?1 AND t.tag = {tag} AND c.id = t.contact_id"
            );
            (from, "t.contact_id")
        } else {
            ("contacts c".to_owned(), "c.id")
        };
        let mut conditions = Vec::new();
        for tag in tags {
            let tag = bind((*tag).into());
            conditions.push(format!(
                "EXISTS (SELECT 1 FROM contact_tags o WHERE o.contact_id = c.id AND o.tag = {tag})"
            ));
        }
        for (column, wanted) in
            [("role_address", self.role_address), ("disposable_address", self.disposable_address)]
        {
            if let Some(wanted) = wanted {
                conditions.push(format!("c.{column} = {}", bind(wanted.into())));
            }
        }
        if let Some(q) = self.q {
            let email = if q.contains('@') { fold_address(q) } else { fold(q) };
            let name = fold(q);
            let mut between = |column: &str, start: String| {
                let end = bind(format!("{start}{LAST}").into());
                let start = bind(start.into());
                format!("(c.{column} >= {start} AND c.{column} < {end})")
            };
            let (email, name) = (between("email_folded", email), between("name_folded", name));
            conditions.push(format!("({email} OR {name})"));
        }
        if let Some((condition, now)) = self.condition {
            let condition = compile(condition, dialect, now, &mut values);
            conditions.push(format!("({condition})"));
        }
        conditions.insert(0, format!("c.workspace_id = ?1 AND {key} > ?2"));
        let conditions = conditions.join(" AND ");
        let sql = format!("{from} WHERE {conditions} ORDER BY {key} LIMIT ?3");
        (sql, values)
    }
}
