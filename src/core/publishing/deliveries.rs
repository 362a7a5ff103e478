//! Looking at the ledger: which rows, page by page or all of them.
//!
//! The pages of a run go on in the order of contacts and messages, which is the key of the ledger, so
//! rows that are settled meanwhile shift nothing. No filter has an index of its own: one would be
//! written at every move of every row, and a walk through a run of a million rows takes less than a
//! second.

use super::model::{Delivery, DeliveryState, PublishingError, Run, RunStatus};
use super::service::Publishing;
use super::store::{deliveries as store, runs};
use crate::core::kernel::{Id, KeyCursor, Page, PageRequest, Timestamp};
use crate::storage::sql::Tx;

/// Rows that an export reads at a time.
const PAGE: u32 = 5000;

/// Which rows of a run; a default lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those in one of these states, and those that were missed if that is asked; all when neither is.
    pub states: Vec<DeliveryState>,
    pub missed: bool,
    /// Those a server answered with one of these codes.
    pub codes: Vec<Codes>,
    pub enhanced: Option<Enhanced>,
    /// Those to addresses of this domain.
    pub domain: Option<String>,
    /// Those to this address, and those to the contact who has it now.
    pub email: Option<String>,
    /// Those of this message, by name or id.
    pub message: Option<String>,
    /// Those settled then or later.
    pub since: Option<Timestamp>,
    /// Those settled before.
    pub until: Option<Timestamp>,
}

/// Codes of SMTP replies: one, or all of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    pub first: u16,
    pub last: u16,
}

/// Enhanced codes (RFC 3463): one, or all that begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enhanced {
    Exactly(String),
    /// What those begin with, its last dot too.
    Under(String),
}

/// The text is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCode {
    #[error("`{0}` is no code of a server; write one as 550, or a class as 4xx")]
    Code(String),
    #[error("`{0}` is no enhanced code; write one as 5.1.1, or several as 5.7.x")]
    Enhanced(String),
}

impl std::str::FromStr for Codes {
    type Err = BadCode;

    fn from_str(text: &str) -> Result<Self, BadCode> {
        let bad = || BadCode::Code(text.chars().take(40).collect());
        let code = match text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            Some(class) if class.len() == 1 => format!("{class}00"),
            _ => text.to_owned(),
        };
        let first = code.parse().ok().filter(|code| (200..600).contains(code)).ok_or_else(bad)?;
        Ok(Self { first, last: if code == text { first } else { first + 99 } })
    }
}

impl std::str::FromStr for Enhanced {
    type Err = BadCode;

    fn from_str(text: &str) -> Result<Self, BadCode> {
        let parts: Vec<&str> = text.split('.').collect();
        let is_number = |part: &&str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let known = parts.iter().take_while(|part| is_number(part)).count();
        let open = parts[known..].iter().all(|part| part.eq_ignore_ascii_case("x"));
        match (parts.len(), known) {
            (3, 3) => Ok(Self::Exactly(text.to_owned())),
            (3, 1 | 2) if open => Ok(Self::Under(format!("{}.", parts[..known].join(".")))),
            _ => Err(BadCode::Enhanced(text.chars().take(40).collect())),
        }
    }
}

/// What a filter means for one run: the rows that `store` is to look for.
pub(super) struct Wanted<'a> {
    pub(super) filter: &'a DeliveryFilter,
    pub(super) run: Id,
    pub(super) message: Option<Id>,
    /// Whether a row without a verdict was missed.
    pub(super) unsettled_are_missed: bool,
}

impl<'a> Wanted<'a> {
    /// Looks up what `filter` names.
    ///
    /// # Errors
    /// [`PublishingError::MessageNotFound`].
    pub(super) async fn of(
        tx: &mut Tx,
        run: &Run,
        filter: &'a DeliveryFilter,
    ) -> Result<Self, PublishingError> {
        let message = match &filter.message {
            Some(name) => Some(message(tx, run, name).await?),
            None => None,
        };
        Ok(Self { filter, run: run.id, message, unsettled_are_missed: run.status.has_ended() })
    }
}

/// The id of the message of a run that is called `name`, or has it as its id.
async fn message(tx: &mut Tx, run: &Run, name: &str) -> Result<Id, PublishingError> {
    let plan = runs::plan(tx, run.id).await?.ok_or(PublishingError::RunNotFound(run.id))?;
    let id = name.parse().ok();
    let mut messages = plan.messages.iter();
    let found = messages.find(|one| one.source.name == name || Some(one.id) == id);
    found.map(|one| one.id).ok_or_else(|| PublishingError::MessageNotFound {
        text: name.chars().take(80).collect(),
        names: plan.messages.iter().map(|one| one.source.name.clone()).collect(),
    })
}

impl RunStatus {
    /// Whether nothing more comes of it unless somebody asks for that.
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Active | Self::Paused)
    }
}

/// An export under way. It holds a reader of the store until it is dropped, so that what it gives is
/// the ledger of one moment.
#[derive(Debug)]
pub struct DeliveryExport {
    tx: Tx,
    run: Run,
    filter: DeliveryFilter,
    next: Option<KeyCursor<2>>,
}

impl DeliveryExport {
    /// The next rows; none after the last.
    pub async fn page(&mut self) -> Result<Option<Vec<Delivery>>, PublishingError> {
        let Some(after) = self.next.take() else { return Ok(None) };
        let request = PageRequest { after: Some(after), limit: PAGE };
        let page = page(&mut self.tx, &self.run, &self.filter, &request).await?;
        self.next = page.next;
        Ok(Some(page.items))
    }
}

async fn page(
    tx: &mut Tx,
    run: &Run,
    filter: &DeliveryFilter,
    request: &PageRequest<Option<KeyCursor<2>>>,
) -> Result<Page<Delivery, KeyCursor<2>>, PublishingError> {
    let wanted = Wanted::of(tx, run, filter).await?;
    let after = request.after.unwrap_or(KeyCursor::FIRST);
    let items = store::page(tx, &wanted, after, request.fetch()).await?;
    Ok(request.page_by(items, |one| KeyCursor([one.contact_id, one.message_id])))
}

impl Publishing {
    /// A page of a run's ledger, in the order of contacts.
    ///
    /// # Errors
    /// [`PublishingError::MessageNotFound`].
    pub async fn deliveries(
        &self,
        run: &Run,
        filter: &DeliveryFilter,
        request: PageRequest<Option<KeyCursor<2>>>,
    ) -> Result<Page<Delivery, KeyCursor<2>>, PublishingError> {
        page(&mut self.db.read().await?, run, filter, &request).await
    }

    /// Starts to give all of a run's ledger that `filter` lets through.
    ///
    /// # Errors
    /// [`PublishingError::MessageNotFound`].
    pub async fn export_deliveries(
        &self,
        run: Run,
        filter: DeliveryFilter,
    ) -> Result<DeliveryExport, PublishingError> {
        let mut tx = self.db.read().await?;
        Wanted::of(&mut tx, &run, &filter).await?; // refused before the answer begins
        Ok(DeliveryExport { tx, run, filter, next: Some(KeyCursor::FIRST) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_or_a_class() {
        assert_eq!("550".parse(), Ok(Codes { first: 550, last: 550 }));
        assert_eq!("4xx".parse(), Ok(Codes { first: 400, last: 499 }));
        for wrong in ["", "x", "xx", "55", "5x", "9xx", "5500", "550x", "-50", "55xx", "1xx"] {
            assert!(wrong.parse::<Codes>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_enhanced_code_may_leave_its_end_open() {
        assert_eq!("5.1.1".parse(), Ok(Enhanced::Exactly("5.1.1".to_owned())));
        assert_eq!("5.7.x".parse(), Ok(Enhanced::Under("5.7.".to_owned())));
        assert_eq!("4.X.x".parse(), Ok(Enhanced::Under("4.".to_owned())));
        for wrong in ["", "5", "5.1", "x.1.1", "5.x.1", "5.1.1.1", "5.1.", "x.x.x", "5.1234.1"] {
            assert!(wrong.parse::<Enhanced>().is_err(), "{wrong}");
        }
    }
}
