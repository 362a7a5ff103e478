//! Contacts.

use axum::body::Body;
use axum::body::Bytes;
use axum::http::Method;
use futures::Stream;

use super::{Client, ClientResult, Listing, ndjson, query, segment};
use crate::api::{
    BulkChangeBody, BulkDeletedBody, BulkQuery, BulkSummaryBody, ConsentBody, ContactBody,
    ContactChangeBody, ContactQuery, DuplicatesBody, ExportFormat, ExportQuery, ForgottenBody,
    ImportEvent, ImportQuery, ImportSummaryBody, LeftBody, LinkBody, MergeRequestBody,
    NewConsentBody, NewContactBody, TakeoutBody,
};

impl Client {
    pub async fn create_contact(&self, new: &NewContactBody) -> ClientResult<ContactBody> {
        self.post("/contacts", new).await
    }

    /// Creates the contact, or changes the one that has its address.
    pub async fn upsert_contact(&self, new: &NewContactBody) -> ClientResult<ContactBody> {
        let path = format!("/contacts/{}", segment(&new.email));
        self.call(Method::PUT, &path, Some(new)).await
    }

    pub async fn contacts(
        &self,
        filter: &ContactQuery,
        limit: usize,
    ) -> ClientResult<Listing<ContactBody>> {
        let yes_or_no = |wanted: bool| if wanted { "true" } else { "false" };
        let query = query(&[
            ("list", filter.list.as_deref()),
            ("q", filter.q.as_deref()),
            ("tag", filter.tag.as_deref()),
            ("role_address", filter.role_address.map(yes_or_no)),
            ("disposable_address", filter.disposable_address.map(yes_or_no)),
            ("where", filter.r#where.as_deref()),
        ]);
        self.list(&format!("/contacts{query}"), limit).await
    }

    pub async fn get_contact(&self, contact: &str) -> ClientResult<ContactBody> {
        self.get(&format!("/contacts/{}", segment(contact))).await
    }

    pub async fn update_contact(
        &self,
        contact: &str,
        change: &ContactChangeBody,
    ) -> ClientResult<ContactBody> {
        let path = format!("/contacts/{}", segment(contact));
        self.call(Method::PATCH, &path, Some(change)).await
    }

    pub async fn delete_contact(&self, contact: &str) -> ClientResult<ContactBody> {
        self.delete(&format!("/contacts/{}", segment(contact))).await
    }

    /// Records what a contact agreed to, or no longer agrees to; gives the record that holds.
    pub async fn record_consent(
        &self,
        contact: &str,
        new: &NewConsentBody,
    ) -> ClientResult<ConsentBody> {
        self.post(&format!("/contacts/{}/consents", segment(contact)), new).await
    }

    /// The records of consent of a contact, oldest first.
    pub async fn consents(
        &self,
        contact: &str,
        limit: usize,
    ) -> ClientResult<Listing<ConsentBody>> {
        self.list(&format!("/contacts/{}/consents", segment(contact)), limit).await
    }

    /// Merges contacts into another; gives that one.
    pub async fn merge_contacts(
        &self,
        keep: &str,
        others: &MergeRequestBody,
    ) -> ClientResult<ContactBody> {
        self.post(&format!("/contacts/{}/merge", segment(keep)), others).await
    }

    /// Contacts that may be one person, `limit` groups at the most.
    pub async fn duplicates(&self, limit: usize) -> ClientResult<Vec<DuplicatesBody>> {
        let limit = limit.to_string();
        self.get(&format!("/contacts/duplicates{}", query(&[("limit", Some(&limit))]))).await
    }

    /// Unsubscribes whoever the link of a mail was made for.
    pub async fn unsubscribe_by_link(&self, link: &LinkBody) -> ClientResult<LeftBody> {
        self.post("/contacts/unsubscribe", link).await
    }

    /// Erases all that is held of a person.
    pub async fn forget_contact(&self, contact: &str) -> ClientResult<ForgottenBody> {
        let path = format!("/contacts/{}/forget", segment(contact));
        self.call(Method::POST, &path, None::<&()>).await
    }

    /// Everything that is held of a person.
    pub async fn take_out_contact(&self, contact: &str) -> ClientResult<TakeoutBody> {
        self.get(&format!("/contacts/{}/takeout", segment(contact))).await
    }

    /// Changes everybody an expression is true of, all or none.
    pub async fn update_contacts(
        &self,
        whom: &BulkQuery,
        change: &BulkChangeBody,
    ) -> ClientResult<BulkSummaryBody> {
        self.call(Method::PATCH, &format!("/contacts{}", bulk(whom)), Some(change)).await
    }

    /// Deletes everybody an expression is true of, all or none.
    pub async fn delete_contacts(&self, whom: &BulkQuery) -> ClientResult<BulkDeletedBody> {
        self.delete(&format!("/contacts{}", bulk(whom))).await
    }

    /// Imports a file as it is read; gives what happens as it happens, the summary last.
    ///
    /// # Errors
    /// When the file or its mapping cannot be used, before anything is changed. An import that
    /// stops in the middle ends the stream with its error.
    pub async fn import_contacts(
        &self,
        how: &ImportQuery,
        file: Body,
    ) -> ClientResult<
        impl Stream<Item = ClientResult<ImportEvent<ImportSummaryBody>>> + Unpin + use<>,
    > {
        let dry_run = how.dry_run.then_some("true");
        let mut parameters = vec![
            ("list", how.list.as_deref()),
            ("delimiter", how.delimiter.as_deref()),
            ("format", how.format.as_deref()),
            ("encoding", how.encoding.as_deref()),
            ("on_conflict", how.on_conflict.as_deref()),
            ("update_attributes", how.update_attributes.as_deref()),
            ("source", how.source.as_deref()),
            ("consent", how.consent.as_deref()),
            ("dry_run", dry_run),
        ];
        parameters.extend(how.tag.iter().map(|tag| ("tag", Some(tag.as_str()))));
        parameters.extend(how.map.iter().map(|pair| ("map", Some(pair.as_str()))));
        let path = format!("/contacts/import{}", query(&parameters));
        Ok(ndjson::events(self.stream(Method::POST, &path, "text/csv", file).await?))
    }

    /// A file of contacts, as it comes.
    pub async fn export_contacts(
        &self,
        which: &ExportQuery,
    ) -> ClientResult<impl Stream<Item = ClientResult<Bytes>> + Unpin + use<>> {
        let format = match which.format {
            ExportFormat::Csv => "csv",
            ExportFormat::Ndjson => "ndjson",
            ExportFormat::Vcard => "vcard",
        };
        let query = query(&[
            ("list", which.list.as_deref()),
            ("where", which.r#where.as_deref()),
            ("format", Some(format)),
        ]);
        let path = format!("/contacts/export{query}");
        self.stream(Method::GET, &path, "application/json", Body::empty()).await
    }
}

fn bulk(whom: &BulkQuery) -> String {
    let confirm = whom.confirm_contacts.map(|count| count.to_string());
    query(&[("where", Some(whom.r#where.as_str())), ("confirm_contacts", confirm.as_deref())])
}
