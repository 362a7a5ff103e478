//! Records of consent. They are only added; the last of a purpose holds.

use crate::core::contacts::Consent;
use crate::core::contacts::consent::Holding;
use crate::core::kernel::{Id, PageRequest};
use crate::storage::sql::{DbResult, Params, Row, Tx, Value, marks, params};

const COLUMNS: &str = "x.id, x.purpose, x.state, x.source, x.proof, x.recorded_at";
/// No later record of the same contact and purpose.
const LAST: &str = "NOT EXISTS (SELECT 1 AS one FROM consents y WHERE y.contact_id = x.contact_id
    AND y.purpose = x.purpose AND y.id > x.id)";

pub(in crate::core::contacts) async fn insert(
    tx: &mut Tx,
    records: &[(Id, Consent)],
) -> DbResult<()> {
    let columns =
        ["id", "workspace_id", "contact_id", "purpose", "state", "source", "proof", "recorded_at"];
    let row = |(contact, record): &(Id, Consent)| {
        params![
            record.id,
            tx.workspace(),
            *contact,
            &record.purpose,
            record.state.as_str(),
            &record.source,
            record.proof.as_deref(),
            record.recorded_at,
        ]
    };
    let rows: Vec<Params> = records.iter().map(row).collect();
    tx.insert_many("consents", &columns, rows, "").await.map(drop)
}

/// What holds of each of `contacts`, by purpose.
pub(in crate::core::contacts) async fn holding(tx: &mut Tx, contacts: &[Id]) -> DbResult<Holding> {
    // Filled up with nulls, which are nobody, so that few statements differ.
    let mut values: Params = contacts.iter().map(|contact| Value::from(*contact)).collect();
    values.resize(contacts.len().next_power_of_two(), Value::Null);
    let sql = format!(
        "SELECT x.contact_id, {COLUMNS} FROM consents x WHERE x.contact_id IN ({}) AND {LAST}",
        marks(1, values.len())
    );
    let mut holding = Holding::new();
    for row in tx.rows(&sql, values).await? {
        let record = consent(&row)?;
        holding.insert((row.get("contact_id")?, record.purpose.clone()), record);
    }
    Ok(holding)
}

/// What holds of a contact, in the order of the purposes.
pub(in crate::core::contacts) async fn of_contact(
    tx: &mut Tx,
    contact: Id,
) -> DbResult<Vec<Consent>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM consents x WHERE x.contact_id = ?1 AND {LAST}
         ORDER BY x.purpose LIMIT 1000"
    );
    tx.rows(&sql, params![contact]).await?.iter().map(consent).collect()
}

/// The records of a contact after `page.after`, oldest first.
pub(in crate::core::contacts) async fn page(
    tx: &mut Tx,
    contact: Id,
    page: &PageRequest,
) -> DbResult<Vec<Consent>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM consents x WHERE x.contact_id = ?1 AND x.id > ?2
         ORDER BY x.id LIMIT ?3"
    );
    let values = params![contact, page.after, page.fetch()];
    tx.rows(&sql, values).await?.iter().map(consent).collect()
}

fn consent(row: &Row) -> DbResult<Consent> {
    Ok(Consent {
        id: row.get("id")?,
        purpose: row.get("purpose")?,
        state: row.word("state")?,
        source: row.get("source")?,
        proof: row.get("proof")?,
        recorded_at: row.get("recorded_at")?,
    })
}
