//! What delivery promises: every contact once, nothing lost, nothing after a stop.
//!
//! The engine works against a server that does what the test tells it and remembers what it took,
//! so that the ledger can be held against the other side's record.

mod audience;
mod binary;
mod forget;
mod jobs;
mod leaving;
mod ledger;
mod limits;
mod nodes;
mod pipelines;
mod replies;
mod resends;
mod schedules;
mod starts;
mod stops;

use std::collections::BTreeMap;
use std::time::Duration;

use frontier::core::campaigns::{
    Audience, Draft, DraftMessage, MessageContent, Progress, RunCampaign, Status,
};
use frontier::core::contacts::{ContactChange, NewList};
use frontier::core::content::Format;
use frontier::core::kernel::{Id, PageRequest, Timestamp};
use frontier::core::publishing::{
    ChannelSettings, Delivery, DeliveryFilter, DeliveryState, Limits, Mailbox, NewChannel, Options,
    Presence, Smtp, Tls, Transport, UnsubscribeWays, Worked,
};
use frontier::storage::bus::BusEvent;
use frontier::storage::sql::{Db, DbUrl, params};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::app::App;
use crate::support::backend::Given;
use crate::support::smtp::SmtpServer;

/// No wait of these tests takes longer, unless what it waits for never comes.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// A shop with a list `Readers`, a campaign `Spring` to it, and a server its mails go to.
struct Shop {
    app: App,
    db: Db,
    url: DbUrl,
    server: SmtpServer,
    /// Tells every worker to stop.
    stop: CancellationToken,
}

impl Given for Shop {
    async fn given(url: DbUrl) -> Self {
        let app = App::given(url.clone()).await;
        let db = Db::open(&url).unwrap();
        let sql = "SELECT id FROM workspaces";
        let row = db.read().await.unwrap().row(sql, params![]).await.unwrap().unwrap();
        let db = db.in_workspace(row.get("id").unwrap());
        let server = SmtpServer::start();
        let shop = Self { app, db, url, server, stop: CancellationToken::new() };
        shop.list("Readers").await;
        shop.channel("mail", &shop.smtp()).await;
        shop.campaign(Shop::draft()).await;
        shop
    }
}

impl Shop {
    async fn list(&self, name: &str) {
        let list = NewList { name: name.to_owned(), ..NewList::default() };
        self.app.services.contacts.create_list(list).await.unwrap();
    }

    /// A way to the shop's server, with four connections.
    fn smtp(&self) -> Smtp {
        Smtp {
            host: "127.0.0.1".to_owned(),
            port: self.server.port,
            tls: Tls::None,
            username: None,
            password: None,
            connections: 4,
            timeout_seconds: 20,
            ca_file: None,
        }
    }

    fn settings(smtp: &Smtp) -> ChannelSettings {
        let unsubscribe = UnsubscribeWays {
            url: Some("https://shop.example/leave".to_owned()),
            email: Some("leave@shop.example".to_owned()),
        };
        ChannelSettings {
            transport: Transport::Smtp(smtp.clone()),
            from: Some(Mailbox { name: None, email: "news@shop.example".to_owned() }),
            reply_to: None,
            unsubscribe: Some(unsubscribe),
            limits: Limits::default(),
            ..ChannelSettings::outbox()
        }
    }

    async fn channel(&self, name: &str, smtp: &Smtp) {
        let settings = Self::settings(smtp);
        let channel = NewChannel { name: name.to_owned(), labels: BTreeMap::new(), settings };
        self.app.services.publishing.create_channel(channel).await.unwrap();
    }

    /// Lets the channel `mail` lead elsewhere.
    async fn through(&self, smtp: Smtp) {
        let settings = Self::settings(&smtp);
        let publishing = &self.app.services.publishing;
        publishing.update_channel("mail", settings, BTreeMap::new(), None).await.unwrap();
    }

    fn draft() -> Draft {
        Draft {
            channel: Some("mail".to_owned()),
            target_audience: Audience { lists: vec!["Readers".to_owned()], segments: Vec::new() },
            messages: vec![message("Hello {{ contact.email }}. {{ unsubscribe_url }}")],
            ..Draft::named("Spring".to_owned())
        }
    }

    async fn campaign(&self, draft: Draft) {
        self.app.services.campaigns.create(draft).await.unwrap();
    }

    /// Changes `Spring`.
    async fn edit(&self, draft: Draft) {
        self.app.services.campaigns.update("Spring", draft, None).await.unwrap();
    }

    /// Puts `count` contacts on the list `Readers`; gives their addresses in order.
    async fn readers(&self, count: usize) -> Vec<String> {
        let addresses: Vec<_> = (0..count).map(|at| format!("r{at:03}@post.example")).collect();
        for address in &addresses {
            self.contact(address, json!({}), &["Readers"]).await;
        }
        addresses
    }

    async fn contact(&self, address: &str, attributes: Value, lists: &[&str]) {
        let attributes = attributes.as_object().unwrap().clone().into_iter().collect();
        let change = ContactChange { attributes, ..ContactChange::default() };
        let lists: Vec<_> = lists.iter().map(|list| (*list).to_owned()).collect();
        self.app.services.contacts.upsert(address, change, &lists).await.unwrap();
    }

    async fn suppress(&self, address: &str, why: &str) {
        self.app.services.contacts.suppress(&[address.to_owned()], why).await.unwrap();
    }

    async fn start(&self) -> Id {
        self.app.services.campaigns.start("Spring").await.unwrap().1.id
    }

    fn options(in_flight: usize) -> Options {
        // There since it is first asked: the clock of these tests goes on in leaps.
        let presence = Presence::from(Timestamp::from_millis(0));
        Options { node: "node".to_owned(), batch: 16, in_flight, presence }
    }

    /// Works the job that waits, as a worker would, in the background.
    fn worker(&self, options: Options) -> JoinHandle<Worked> {
        let (services, stop) = (self.app.services.clone(), self.stop.clone());
        tokio::spawn(async move {
            let queue = services.events.queue();
            let claimed = queue.claim(&options.node, None).await.unwrap();
            let claimed = claimed.expect("a job waits for a worker");
            let job: RunCampaign = claimed.args().unwrap();
            let worked = services.campaigns.work(&job, &options, &stop).await.unwrap();
            let node = &options.node;
            match worked {
                Worked::Stopped => queue.give_back(claimed.id, node).await.unwrap(),
                Worked::Waits(due) => queue.put_off(claimed.id, node, due).await.unwrap(),
                _ => queue.finish(claimed.id, node).await.unwrap(),
            }
            worked
        })
    }

    async fn work(&self) -> Worked {
        ended(self.worker(Self::options(32))).await
    }

    /// Starts `Spring` and works it to its end.
    async fn run(&self) {
        self.start().await;
        assert_eq!(self.work().await, Worked::Finished);
        assert_eq!(self.progress().await.campaign.status, Status::Completed);
    }

    async fn progress(&self) -> Progress {
        self.app.services.campaigns.progress("Spring").await.unwrap().0
    }

    async fn ledger(&self) -> Vec<Delivery> {
        let run = self.progress().await.run.unwrap();
        let page = PageRequest { after: None, limit: 1000 };
        self.app
            .services
            .publishing
            .deliveries(&run, &DeliveryFilter::default(), page)
            .await
            .unwrap()
            .items
    }

    async fn delivery(&self, address: &str) -> Delivery {
        let found = self.ledger().await.into_iter().find(|one| one.email == address);
        found.expect("a row of the ledger")
    }

    /// The addresses of the ledger's rows in `state`, in order.
    async fn those(&self, state: DeliveryState) -> Vec<String> {
        let ledger = self.ledger().await.into_iter().filter(|one| one.state == state);
        let mut all: Vec<_> = ledger.map(|one| one.email).collect();
        all.sort();
        all
    }

    /// Waits until so many rows of the ledger are in `state`.
    async fn until_state(&self, state: DeliveryState, count: u64) {
        let what = format!("{count} {state}");
        until(&what, async || *self.progress().await.counts.clone().of(state) == count).await;
    }

    /// Brings every event to the metrics; gives the sum of each.
    async fn metrics(&self) -> BTreeMap<String, i64> {
        let sql = "SELECT id, name, payload, created_at FROM outbox ORDER BY id";
        let rows = self.db.read().await.unwrap().rows(sql, params![]).await.unwrap();
        for row in &rows {
            let event = BusEvent {
                id: row.get("id").unwrap(),
                name: row.get("name").unwrap(),
                payload: row.get("payload").unwrap(),
                at: row.get("created_at").unwrap(),
            };
            self.app.services.analytics.consume(&[event]).await.unwrap();
        }
        let query = frontier::api::MetricQuery::default();
        let mut sums = BTreeMap::new();
        for one in self.app.client.metrics("Spring", &query).await.unwrap() {
            *sums.entry(one.metric).or_default() += one.value;
        }
        sums
    }

    /// Holds the ledger against the server's record and the metrics.
    async fn everything_agrees(&self) {
        assert_eq!(self.those(DeliveryState::Accepted).await, self.server.recipients());
        let (counts, metrics) = (self.progress().await.counts, self.metrics().await);
        let metric = |name: &str| metrics.get(name).copied().unwrap_or_default();
        let count = |count: u64| i64::try_from(count).unwrap();
        assert_eq!(metric("deliveries"), count(counts.accepted));
        assert_eq!(metric("failures"), count(counts.failed));
        assert_eq!(metric("suppressions"), count(counts.suppressed));
    }
}

/// A message with a body in Markdown.
fn message(body: &str) -> DraftMessage {
    DraftMessage {
        name: "hello".to_owned(),
        subject: "Hello".to_owned(),
        preheader: None,
        content: MessageContent::Inline { format: Format::Markdown, body: body.to_owned() },
        text: None,
        from: None,
        reply_to: None,
    }
}

/// How a worker ended, in a time in which it must.
async fn ended(worker: JoinHandle<Worked>) -> Worked {
    tokio::time::timeout(PATIENCE, worker).await.expect("the worker ends").unwrap()
}

/// Waits until something is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let met = async {
        while !so().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, met).await.unwrap_or_else(|_| panic!("never came: {what}"));
}
