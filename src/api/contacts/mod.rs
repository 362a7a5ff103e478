//! `/contacts`: the people who receive.

mod bulk;
mod consents;
mod export;
mod import;
mod leaving;
mod merge;
mod personal;
mod vcard;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

pub use bulk::{BulkChangeBody, BulkDeletedBody, BulkQuery, BulkSummaryBody};
pub use consents::{ConsentBody, ConsentStateBody, NewConsentBody};
pub use export::{ExportFormat, ExportQuery};
pub use import::{ImportSummaryBody, ImportedListBody};
pub use leaving::{LeftBody, LinkBody};
pub use merge::{DuplicateRuleBody, DuplicatesBody, DuplicatesQuery, MergeRequestBody};
pub use personal::{ActivityBody, ForgottenBody, MergeBody, TakeoutBody};

use self::bulk::{
    __path_delete_contacts, __path_update_contacts, delete_contacts, update_contacts,
};
use self::consents::{__path_list_consents, __path_record_consent, list_consents, record_consent};
use self::export::{__path_export_contacts, export_contacts};
use self::import::{__path_import_contacts, import_contacts};
use self::leaving::{__path_unsubscribe_by_link, unsubscribe_by_link};
use self::merge::{__path_list_duplicates, __path_merge_contacts, list_duplicates, merge_contacts};
use self::personal::{
    __path_forget_contact, __path_take_out_contact, forget_contact, take_out_contact,
};
use super::envelope::{Created, Data, Envelope, Listed};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body, Query};
use super::routing::{Area, area};
use super::{PageQuery, Services, SubscriptionStateBody};
use crate::core::contacts::{
    BadConsent, Contact, ContactChange, ContactError, ContactFilter, Profile, SetError,
    Subscription, Upserted,
};

/// A contact.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactBody {
    pub id: String,
    /// As it was first written.
    pub email: String,
    /// Empty when it is not known.
    pub name: String,
    /// A BCP 47 tag, as `es-MX`.
    pub language: Option<String>,
    /// A name of the IANA database, as `Europe/Madrid`.
    pub timezone: Option<String>,
    /// Whatever else is known, by key.
    #[schema(value_type = Object)]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// In lower case, in their order.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What people wrote down about it; empty when they did not.
    #[serde(default)]
    pub notes: String,
    /// Whether several people read its address, as `info@` is.
    #[serde(default)]
    pub role_address: bool,
    /// Whether its address is of a service for throw-away ones.
    #[serde(default)]
    pub disposable_address: bool,
    /// The names of the lists it is on; only when one contact was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists: Option<Vec<String>>,
    /// How it stands with those lists; only when one contact was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscriptions: Option<Vec<SubscriptionBody>>,
    /// What it agrees to or no longer does, by purpose; only when one contact was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consents: Option<Vec<ConsentBody>>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A list that a contact is on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SubscriptionBody {
    /// The list's name.
    pub list: String,
    pub state: SubscriptionStateBody,
    /// Since when it is so.
    #[schema(format = DateTime)]
    pub since: String,
}

/// A contact to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewContactBody {
    #[schema(required)]
    pub email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[schema(value_type = Object)]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// Tags to put on it: up to 64 characters each, no commas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Up to 4000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Lists to put it on: their names or ids.
    pub lists: Vec<String>,
}

/// What to change of a contact; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactChangeBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Null or an empty text means that it is not known, as for `language` and `timezone`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_as_empty")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_as_empty")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_as_empty")]
    pub timezone: Option<String>,
    /// Attributes to set by key; null removes one.
    #[schema(value_type = Object)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// Tags to put on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Tags to take off it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub untag: Vec<String>,
    /// Other notes; null or an empty text for none.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_as_empty")]
    pub notes: Option<String>,
}

/// Which contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ContactQuery {
    /// Only those subscribed to this list: its name, its id, or the start of one.
    pub list: Option<String>,
    /// Only those whose address or name starts so, whatever the case.
    pub q: Option<String>,
    /// Only those with these tags, between commas.
    pub tag: Option<String>,
    /// Only those whose address several people read, as `info@`, or only the others.
    pub role_address: Option<bool>,
    /// Only those with a throw-away address, or only the others.
    pub disposable_address: Option<bool>,
    /// Only those of whom this expression of segments is true.
    pub r#where: Option<String>,
}

pub(super) fn area() -> Area {
    area![
        list_contacts,
        create_contact,
        update_contacts,
        delete_contacts,
        export_contacts,
        import_contacts,
        get_contact,
        upsert_contact,
        update_contact,
        delete_contact,
        list_consents,
        record_consent,
        forget_contact,
        take_out_contact,
        merge_contacts,
        list_duplicates,
        unsubscribe_by_link,
    ]
}

/// Create a contact.
#[utoipa::path(post, path = "/contacts", tag = "contacts", request_body = NewContactBody,
    responses(
        (status = 201, body = Envelope<ContactBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn create_contact(
    State(services): State<Services>,
    Body(new): Body<NewContactBody>,
) -> Result<Created<ContactBody>, ApiError> {
    let (email, change, lists) = new.parts();
    Ok(Created(services.contacts.create(&email, change, &lists).await?.into()))
}

/// Create a contact, or change the one with this address: attributes are merged, lists added.
#[utoipa::path(put, path = "/contacts/{contact}", tag = "contacts",
    params(("contact" = String, Path, description = "address")),
    request_body = NewContactBody,
    responses(
        (status = 200, body = Envelope<ContactBody>),
        (status = 201, body = Envelope<ContactBody>),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn upsert_contact(
    State(services): State<Services>,
    Path(address): Path<String>,
    Body(new): Body<NewContactBody>,
) -> Result<Response, ApiError> {
    let (email, change, lists) = new.parts();
    let email = if email.is_empty() { address.clone() } else { email };
    if email != address {
        let message = "the address of the path and that of the body differ; leave out the body's";
        return Err(ApiError::invalid("ADDRESS_MISMATCH", message));
    }
    let (contact, done) = services.contacts.upsert(&email, change, &lists).await?;
    let status = if done == Upserted::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Data(ContactBody::from(contact))).into_response())
}

/// List contacts, oldest first.
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(ContactQuery, PageQuery),
    responses((status = 200, body = Envelope<Vec<ContactBody>>), (status = 404, body = ErrorBody)))]
async fn list_contacts(
    State(services): State<Services>,
    Query(filter): Query<ContactQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Listed<ContactBody>, ApiError> {
    let page = page.request()?;
    Ok(Listed::new(services.contacts.contacts(&filter.into(), page).await?, &page))
}

/// Get a contact, with the lists it is on.
#[utoipa::path(get, path = "/contacts/{contact}", tag = "contacts",
    params(("contact" = String, Path, description = "address, id, or the start of an id")),
    responses((status = 200, body = Envelope<ContactBody>), (status = 404, body = ErrorBody)))]
async fn get_contact(
    State(services): State<Services>,
    Path(contact): Path<String>,
) -> Result<Data<ContactBody>, ApiError> {
    Ok(Data(services.contacts.contact(&contact).await?.into()))
}

/// Change a contact; null removes an attribute.
#[utoipa::path(patch, path = "/contacts/{contact}", tag = "contacts",
    params(("contact" = String, Path, description = "address, id, or the start of an id")),
    request_body = ContactChangeBody,
    responses(
        (status = 200, body = Envelope<ContactBody>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody),
    ))]
async fn update_contact(
    State(services): State<Services>,
    Path(contact): Path<String>,
    Body(change): Body<ContactChangeBody>,
) -> Result<Data<ContactBody>, ApiError> {
    Ok(Data(services.contacts.update(&contact, change.into()).await?.into()))
}

/// Delete a contact and take it off its lists; a suppression of its address stays.
#[utoipa::path(delete, path = "/contacts/{contact}", tag = "contacts",
    params(("contact" = String, Path, description = "address, id, or the start of an id")),
    responses((status = 200, body = Envelope<ContactBody>), (status = 404, body = ErrorBody)))]
async fn delete_contact(
    State(services): State<Services>,
    Path(contact): Path<String>,
) -> Result<Data<ContactBody>, ApiError> {
    Ok(Data(services.contacts.delete(&contact).await?.into()))
}

impl NewContactBody {
    fn parts(self) -> (String, ContactChange, Vec<String>) {
        let Self { email, name, language, timezone, attributes, tags, notes, lists } = self;
        let tags = tags.into_iter().collect();
        let change = ContactChange {
            name,
            language,
            timezone,
            attributes,
            tags,
            notes,
            ..ContactChange::default()
        };
        (email, change, lists)
    }
}

impl From<ContactChangeBody> for ContactChange {
    fn from(body: ContactChangeBody) -> Self {
        let ContactChangeBody { email, name, language, timezone, attributes, tags, untag, notes } =
            body;
        let (tags, untag) = (tags.into_iter().collect(), untag.into_iter().collect());
        Self { email, name, language, timezone, attributes, tags, untag, notes }
    }
}

impl From<ContactQuery> for ContactFilter {
    fn from(query: ContactQuery) -> Self {
        let ContactQuery { list, q, tag, role_address, disposable_address, r#where: expression } =
            query;
        let tags = tag.unwrap_or_default();
        let tags = tags.split(',').filter(|tag| !tag.trim().is_empty()).map(str::to_owned);
        Self { list, q, tags: tags.collect(), role_address, disposable_address, expression }
    }
}

impl From<Contact> for ContactBody {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.to_string(),
            email: contact.email,
            name: contact.name,
            language: contact.language,
            timezone: contact.timezone,
            attributes: contact.attributes.into(),
            tags: contact.tags.into_iter().collect(),
            notes: contact.notes,
            role_address: contact.role_address,
            disposable_address: contact.disposable_address,
            lists: None,
            subscriptions: None,
            consents: None,
            created_at: contact.created_at.to_string(),
            updated_at: contact.updated_at.to_string(),
        }
    }
}

impl From<Profile> for ContactBody {
    fn from(profile: Profile) -> Self {
        let Profile { contact, subscriptions, consents } = profile;
        let lists = subscriptions.iter().map(|one| one.list.clone()).collect();
        Self {
            lists: Some(lists),
            subscriptions: Some(subscriptions.into_iter().map(Into::into).collect()),
            consents: Some(consents.into_iter().map(Into::into).collect()),
            ..contact.into()
        }
    }
}

impl From<Subscription> for SubscriptionBody {
    fn from(subscription: Subscription) -> Self {
        let Subscription { list, state, since } = subscription;
        Self { list, state: state.into(), since: since.to_string() }
    }
}

impl From<ContactError> for ApiError {
    fn from(error: ContactError) -> Self {
        match &error {
            ContactError::ContactNotFound(_) => Self::not_found("CONTACT_NOT_FOUND", error),
            ContactError::ContactExists(_) => Self::conflict("CONTACT_EXISTS", error),
            ContactError::NotOnList { .. } => Self::not_found("NOT_ON_LIST", error),
            ContactError::Forgotten(_) => Self::conflict("CONTACT_FORGOTTEN", error),
            ContactError::MergedInto { .. } => Self::conflict("CONTACT_MERGED", error),
            ContactError::MergedWithItself(_) => Self::invalid("SAME_CONTACT", error),
            ContactError::InHand => Self::conflict("CONTACT_IN_HAND", error),
            ContactError::HasLeft { .. } => Self::conflict("HAS_UNSUBSCRIBED", error),
            ContactError::NotThatMany { .. } => Self::conflict("NOT_THAT_MANY", error),
            ContactError::HowMany(_) => Self::invalid("WRONG_NUMBER", error),
            ContactError::Address(_) => Self::invalid("INVALID_ADDRESS", error),
            ContactError::NameTooLong(_) | ContactError::Name(_) => {
                Self::invalid("INVALID_NAME", error)
            }
            ContactError::SegmentNotFound(_) => Self::not_found("SEGMENT_NOT_FOUND", error),
            ContactError::SegmentNameTaken(_) => Self::conflict("SEGMENT_NAME_TAKEN", error),
            ContactError::SegmentInUse { .. } => Self::conflict("SEGMENT_IN_USE", error),
            ContactError::ListOutdated(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "LIST_OUTDATED", error)
            }
            ContactError::SegmentChanged(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "SEGMENT_CHANGED", error)
            }
            ContactError::Expression(_) | ContactError::Unresolved(_) => {
                Self::invalid("INVALID_EXPRESSION", error)
            }
            ContactError::NotesTooLong(_) => Self::invalid("INVALID_NOTES", error),
            ContactError::Tag(_) => Self::invalid("INVALID_TAG", error),
            ContactError::Consent(BadConsent::Outdated(_)) => {
                Self::conflict("CONSENT_OUTDATED", error)
            }
            ContactError::Consent(_) => Self::invalid("INVALID_CONSENT", error),
            ContactError::Control(_) => Self::invalid("INVALID_TEXT", error),
            ContactError::Language(_) => Self::invalid("INVALID_LANGUAGE", error),
            ContactError::Timezone(_) => Self::invalid("INVALID_TIMEZONE", error),
            ContactError::Attribute(_) => Self::invalid("INVALID_ATTRIBUTE", error),
            ContactError::AttributeNotFound { .. } => Self::not_found("ATTRIBUTE_NOT_FOUND", error),
            ContactError::AttributeExists(_) => Self::conflict("ATTRIBUTE_EXISTS", error),
            ContactError::Misfits { misfits, .. } => {
                let count = serde_json::json!({ "misfits": misfits });
                Self::conflict("VALUES_DO_NOT_FIT", error).with_details(count)
            }
            ContactError::SuppressionNotFound(_) => Self::not_found("SUPPRESSION_NOT_FOUND", error),
            ContactError::Set(SetError::NotFound(_)) => {
                Self::not_found("SUPPRESSION_SET_NOT_FOUND", error)
            }
            ContactError::Set(SetError::NameTaken(_)) => {
                Self::conflict("SUPPRESSION_SET_NAME_TAKEN", error)
            }
            ContactError::Set(SetError::Outdated(_)) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "SUPPRESSION_SET_OUTDATED", error)
            }
            ContactError::Set(SetError::TooLarge(_)) => {
                Self::invalid("SUPPRESSION_SET_TOO_LARGE", error)
            }
            ContactError::ReasonTooLong(_) => Self::invalid("INVALID_REASON", error),
            ContactError::Import(_) => Self::invalid("INVALID_IMPORT", error),
            ContactError::ImportConflicts { .. } => Self::conflict("IMPORT_CONFLICTS", error),
            ContactError::ListNotFound(_) => Self::not_found("LIST_NOT_FOUND", error),
            ContactError::Ambiguous { names, .. } => {
                let names = serde_json::json!({ "candidates": names });
                Self::conflict("AMBIGUOUS_REFERENCE", error).with_details(names)
            }
            ContactError::ListNameTaken(_) => Self::conflict("LIST_NAME_TAKEN", error),
            ContactError::ListInUse(_) => Self::conflict("LIST_IN_USE", error),
            ContactError::Store(cause) => cause.into(),
        }
    }
}

/// Reads null as an empty text, so that it differs from a field that is absent.
fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::<String>::deserialize(deserializer)?.unwrap_or_default()))
}
