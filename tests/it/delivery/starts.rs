//! What cannot be sent is refused before anything is changed.

use frontier::core::campaigns::{Draft, Status};
use insta::{allow_duplicates, assert_snapshot};

use super::{Shop, message};
use crate::support::backend::on_every_backend;

on_every_backend!(
    nobody_can_be_sent_what_they_cannot_leave,
    somebody_must_be_the_sender,
    an_empty_list_is_no_audience,
    a_broken_template_is_refused,
    a_campaign_is_started_once,
);

impl Shop {
    /// Why `Spring` cannot be started; nothing has changed by asking.
    async fn refusal(&self) -> String {
        let before = self.traces().await;
        let refusal = self.app.services.campaigns.start("Spring").await.unwrap_err();
        assert_eq!(self.traces().await, before);
        assert_eq!(self.progress().await.campaign.status, Status::Draft);
        refusal.to_string()
    }

    /// How much there is of everything that a start writes.
    async fn traces(&self) -> Vec<i64> {
        let mut tx = self.db.read().await.unwrap();
        let mut counts = Vec::new();
        for table in ["runs", "run_lists", "deliveries", "jobs", "outbox"] {
            let sql = format!("SELECT COUNT(*) AS count FROM {table}");
            counts.push(tx.row(&sql, Vec::new()).await.unwrap().unwrap().get("count").unwrap());
        }
        let version = "SELECT MAX(version) AS count FROM campaigns";
        counts.push(tx.row(version, Vec::new()).await.unwrap().unwrap().get("count").unwrap());
        counts
    }
}

async fn nobody_can_be_sent_what_they_cannot_leave(shop: Shop) {
    shop.readers(2).await;
    let channel = shop.app.services.publishing.channel("mail").await.unwrap();
    let mut settings = channel.settings;
    settings.unsubscribe = None;
    shop.app
        .services
        .publishing
        .update_channel("mail", settings, channel.labels, None)
        .await
        .unwrap();
    let refusal = shop.refusal().await;
    allow_duplicates! { assert_snapshot!(refusal, @"`Spring` cannot be sent: its readers could not unsubscribe; give its channel an unsubscribe URL or address, or set unsubscribe.url in frontier.yaml"); }
}

async fn somebody_must_be_the_sender(shop: Shop) {
    shop.readers(2).await;
    let channel = shop.app.services.publishing.channel("mail").await.unwrap();
    let mut settings = channel.settings;
    settings.from = None;
    shop.app
        .services
        .publishing
        .update_channel("mail", settings, channel.labels, None)
        .await
        .unwrap();
    let refusal = shop.refusal().await;
    allow_duplicates! { assert_snapshot!(refusal, @"`Spring` cannot be sent: nobody is named as its sender; give its channel a `from`, or set sender.email in frontier.yaml"); }
}

async fn an_empty_list_is_no_audience(shop: Shop) {
    let refusal = shop.refusal().await;
    allow_duplicates! { assert_snapshot!(refusal, @"`Spring` cannot be sent: nobody is on its lists or in its segments; `frontier contact import FILE --list NAME` fills a list"); }
    shop.edit(Draft { messages: Vec::new(), ..Shop::draft() }).await;
    let refusal = shop.refusal().await;
    allow_duplicates! { assert_snapshot!(refusal, @"`Spring` cannot be sent: it has no message; add one with `frontier campaign edit`"); }
}

async fn a_broken_template_is_refused(shop: Shop) {
    shop.readers(2).await;
    shop.edit(Draft { messages: vec![message("Hello {{ contact.email ")], ..Shop::draft() }).await;
    let refusal = shop.refusal().await;
    allow_duplicates! { assert_snapshot!(refusal, @"`hello` line 1: unexpected end of input, expected end of variable block; correct the Jinja tag"); }
    shop.edit(Draft { messages: vec![message("Hello {{ contact.nmae }}")], ..Shop::draft() }).await;
    let refusal = shop.refusal().await;
    allow_duplicates! { assert_snapshot!(refusal, @"`hello` line 1: there is no variable `contact.nmae`; did you mean `contact.name`?"); }
}

async fn a_campaign_is_started_once(shop: Shop) {
    let readers = shop.readers(3).await;
    shop.start().await;
    let again = shop.app.services.campaigns.start("Spring").await.unwrap_err().to_string();
    allow_duplicates! { assert_snapshot!(again, @"`Spring` is active, so it cannot become active; from active it can become paused, completed, cancelled, failed"); }
    shop.work().await;
    let again = shop.app.services.campaigns.start("Spring").await.unwrap_err().to_string();
    allow_duplicates! { assert_snapshot!(again, @"`Spring` is completed, so it cannot become active; from completed it can become archived"); }
    assert_eq!(shop.server.recipients(), readers);
}
