//! The ledger: the deliveries of a run, and of a person.

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures::Stream;

use super::campaigns::path;
use super::{Client, ClientResult, Listing, query, segment};
use crate::api::{
    DeliveryBody, DeliveryFormat, DeliveryQuery, PastDeliveryBody, ResendBody, ResendRequestBody,
};

impl Client {
    /// Deliveries of a run, which is the campaign's last unless it is named.
    pub async fn deliveries(
        &self,
        campaign: &str,
        run: Option<&str>,
        which: &DeliveryQuery,
        limit: usize,
    ) -> ClientResult<Listing<DeliveryBody>> {
        let query = query(&parameters(run, which));
        self.list(&path(campaign, &format!("/deliveries{query}")), limit).await
    }

    /// All deliveries of a run, as a file that comes piece by piece.
    pub async fn export_deliveries(
        &self,
        campaign: &str,
        run: Option<&str>,
        which: &DeliveryQuery,
        format: DeliveryFormat,
    ) -> ClientResult<impl Stream<Item = ClientResult<Bytes>> + Unpin + use<>> {
        let format = match format {
            DeliveryFormat::Csv => "csv",
            DeliveryFormat::Ndjson => "ndjson",
        };
        let mut parameters = parameters(run, which);
        parameters.push(("format", Some(format)));
        let path = path(campaign, &format!("/deliveries/export{}", query(&parameters)));
        self.stream(Method::GET, &path, "application/json", Body::empty()).await
    }

    /// Sends mails of the last run again, or says how many that would be.
    pub async fn resend(
        &self,
        campaign: &str,
        which: &ResendRequestBody,
    ) -> ClientResult<ResendBody> {
        self.post(&path(campaign, "/resend"), which).await
    }

    /// The deliveries to a contact over all campaigns, those of the newest run first.
    pub async fn contact_deliveries(
        &self,
        contact: &str,
        limit: usize,
    ) -> ClientResult<Listing<PastDeliveryBody>> {
        self.list(&format!("/contacts/{}/deliveries", segment(contact)), limit).await
    }
}

fn parameters<'a>(
    run: Option<&'a str>,
    which: &'a DeliveryQuery,
) -> Vec<(&'static str, Option<&'a str>)> {
    vec![
        ("run", run),
        ("state", which.state.as_deref()),
        ("code", which.code.as_deref()),
        ("enhanced", which.enhanced.as_deref()),
        ("domain", which.domain.as_deref()),
        ("email", which.email.as_deref()),
        ("message", which.message.as_deref()),
        ("since", which.since.as_deref()),
        ("until", which.until.as_deref()),
    ]
}
