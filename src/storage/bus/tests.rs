//! The bus: nothing is lost, nothing is heard twice by one group.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::*;

const OPTIONS: BusOptions = BusOptions { kept: 1000, max_attempts: 3, first_pause: Duration::ZERO };

struct Desk {
    home: TempDir,
    clock: Clock,
}

impl Desk {
    fn new() -> Self {
        let clock = Clock::fixed(Timestamp::from_millis(1_700_000_000_000));
        Self { home: tempfile::tempdir().unwrap(), clock }
    }

    async fn kv(&self) -> Kv {
        Kv::open(&self.home.path().join("kv"), self.clock.clone()).await.unwrap()
    }

    async fn bus(&self, options: BusOptions) -> Bus {
        Bus::local(self.kv().await, self.clock.clone(), options).await.unwrap()
    }

    fn events(&self, count: usize) -> Vec<BusEvent> {
        (1..=count)
            .map(|n| BusEvent {
                id: self.clock.new_id(),
                name: "email.clicked".to_owned(),
                payload: json!({ "n": n }),
                at: self.clock.now(),
            })
            .collect()
    }
}

fn seqs(batch: &[Delivery]) -> Vec<u64> {
    batch.iter().map(|delivery| delivery.seq).collect()
}

const HOME_OF_THE_CHILD: &str = "FRONTIER_TEST_BUS_HOME";

/// Not a test of its own: the process that the next one starts.
#[tokio::test]
async fn the_child_publishes_and_crashes() {
    let Some(home) = std::env::var_os(HOME_OF_THE_CHILD) else { return };
    let clock = Clock::system();
    let kv = Kv::open(&Path::new(&home).join("kv"), clock.clone()).await.unwrap();
    let bus = Bus::local(kv, clock, OPTIONS).await.unwrap();
    bus.publish(&Desk::new().events(3)).await.unwrap();
    std::process::abort();
}

#[tokio::test]
async fn published_events_survive_a_crash() {
    let desk = Desk::new();
    let crashed = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::bus::tests::the_child_publishes_and_crashes"])
        .env(HOME_OF_THE_CHILD, desk.home.path())
        .output()
        .unwrap();
    assert_eq!(crashed.status.code(), None, "it was to be ended by a signal");
    assert_eq!(desk.kv().await.read(local::EVENTS, 0, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn each_group_reads_every_event_in_order() {
    let desk = Desk::new();
    let bus = desk.bus(OPTIONS).await;
    let events = desk.events(5);
    bus.publish(&events).await.unwrap();
    for group in ["webhooks", "audit"] {
        let mut consumer = bus.consumer(group).await.unwrap();
        let mut read = Vec::new();
        while read.len() < events.len() {
            for delivery in consumer.next_batch(2).await.unwrap() {
                consumer.ack(delivery.seq).await.unwrap();
                read.push(delivery.event);
            }
        }
        assert_eq!(read, events);
    }
}

#[tokio::test]
async fn a_waiting_consumer_wakes_up() {
    let desk = Desk::new();
    let bus = desk.bus(OPTIONS).await;
    let mut consumer = bus.consumer("audit").await.unwrap();
    let events = desk.events(1);
    let (batch, published) = tokio::join!(biased; consumer.next_batch(10), bus.publish(&events));
    published.unwrap();
    assert_eq!(batch.unwrap()[0].event, events[0]);
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_restart() {
    let desk = Desk::new();
    let bus = desk.bus(OPTIONS).await;
    bus.publish(&desk.events(4)).await.unwrap();
    let mut consumer = bus.consumer("audit").await.unwrap();
    assert_eq!(seqs(&consumer.next_batch(3).await.unwrap()), [1, 2, 3]);
    consumer.ack(1).await.unwrap();
    consumer.ack(3).await.unwrap();
    assert_eq!(seqs(&consumer.next_batch(3).await.unwrap()), [2, 4]);
    drop((consumer, bus));

    let bus = desk.bus(OPTIONS).await;
    let mut consumer = bus.consumer("audit").await.unwrap();
    assert_eq!(seqs(&consumer.next_batch(3).await.unwrap()), [2, 3, 4]);
}

#[tokio::test]
async fn a_failing_event_holds_its_place_then_becomes_a_dead_letter() {
    let desk = Desk::new();
    let bus = desk.bus(OPTIONS).await;
    let events = desk.events(3);
    bus.publish(&events).await.unwrap();
    let mut consumer = bus.consumer("webhooks").await.unwrap();

    for attempt in 1..=2 {
        let batch = consumer.next_batch(10).await.unwrap();
        assert_eq!((batch[0].seq, batch[0].attempt), (1, attempt));
        let again = consumer.fail(1, "the server answered 500").await.unwrap();
        assert_eq!(again, Failed::Again { attempts_left: 3 - attempt });
    }
    drop((consumer, bus));

    let bus = desk.bus(OPTIONS).await;
    let mut consumer = bus.consumer("webhooks").await.unwrap();
    let batch = consumer.next_batch(10).await.unwrap();
    assert_eq!((batch[0].seq, batch[0].attempt), (1, 3));
    assert_eq!(consumer.fail(1, "the server answered 503").await.unwrap(), Failed::Dead);
    assert_eq!(seqs(&consumer.next_batch(10).await.unwrap()), [2, 3]);

    let dead = bus.dead_letters("webhooks", 0, 10).await.unwrap();
    assert_eq!(
        dead,
        [DeadLetter {
            seq: 1,
            event: events[0].clone(),
            attempts: 3,
            reason: "the server answered 503".to_owned(),
            at: desk.clock.now(),
        }]
    );
    assert_eq!(bus.dead_letters("audit", 0, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_replayed_letter_goes_to_its_group_alone() {
    let desk = Desk::new();
    let once = BusOptions { max_attempts: 1, ..OPTIONS };
    let bus = desk.bus(once).await;
    let events = desk.events(2);
    bus.publish(&events[..1]).await.unwrap();
    let mut webhooks = bus.consumer("webhooks").await.unwrap();
    webhooks.next_batch(10).await.unwrap();
    webhooks.fail(1, "no route").await.unwrap();

    bus.replay("webhooks", 1).await.unwrap();
    assert_eq!(bus.dead_letters("webhooks", 0, 10).await.unwrap(), []);
    let batch = webhooks.next_batch(10).await.unwrap();
    assert_eq!((batch[0].seq, batch[0].attempt, &batch[0].event), (2, 1, &events[0]));

    bus.publish(&events[1..]).await.unwrap();
    let mut audit = bus.consumer("audit").await.unwrap();
    assert_eq!(seqs(&audit.next_batch(10).await.unwrap()), [1, 3]);
    insta::assert_snapshot!(
        bus.replay("webhooks", 1).await.unwrap_err(),
        @"the group `webhooks` has no dead letter 1; list them to see those there are"
    );
}

#[tokio::test]
async fn a_group_has_one_reader_at_a_time() {
    let bus = Desk::new().bus(OPTIONS).await;
    let first = bus.consumer("audit").await.unwrap();
    assert!(matches!(bus.consumer("audit").await, Err(BusError::GroupTaken(_))));
    drop(first);
    bus.consumer("audit").await.unwrap();
}

#[tokio::test]
async fn only_what_is_out_can_fail() {
    let desk = Desk::new();
    let bus = desk.bus(OPTIONS).await;
    bus.publish(&desk.events(2)).await.unwrap();
    let mut consumer = bus.consumer("audit").await.unwrap();
    consumer.next_batch(1).await.unwrap();
    consumer.ack(1).await.unwrap();
    consumer.ack(1).await.unwrap();
    for seq in [1, 2] {
        let refusal = consumer.fail(seq, "late").await;
        assert!(matches!(refusal, Err(BusError::NotDelivered { .. })));
    }
}

#[tokio::test]
async fn a_group_far_behind_goes_on_with_what_is_kept() {
    let desk = Desk::new();
    let bus = desk.bus(BusOptions { kept: 3, ..OPTIONS }).await;
    bus.publish(&desk.events(2)).await.unwrap();
    let mut consumer = bus.consumer("audit").await.unwrap();
    consumer.next_batch(10).await.unwrap();
    consumer.ack(2).await.unwrap();
    bus.publish(&desk.events(3)).await.unwrap();
    assert_eq!(seqs(&consumer.next_batch(10).await.unwrap()), [3, 4, 5]);
    drop((consumer, bus));

    let bus = desk.bus(OPTIONS).await;
    let mut consumer = bus.consumer("audit").await.unwrap();
    assert_eq!(seqs(&consumer.next_batch(10).await.unwrap()), [3, 4, 5]);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_stops_nobody() {
    let desk = Desk::new();
    let kv = desk.kv().await;
    kv.append(local::EVENTS, vec![b"{".to_vec()]).await.unwrap();
    let bus = Bus::local(kv, desk.clock.clone(), OPTIONS).await.unwrap();
    bus.publish(&desk.events(1)).await.unwrap();
    let mut consumer = bus.consumer("audit").await.unwrap();
    assert_eq!(seqs(&consumer.next_batch(1).await.unwrap()), [2]);
}

#[tokio::test]
async fn live_readers_hear_what_comes_and_what_they_missed() {
    let desk = Desk::new();
    let bus = desk.bus(OPTIONS).await;
    bus.publish(&desk.events(1)).await.unwrap();
    let mut live = bus.live();
    let events = desk.events(1030);
    bus.publish(&events[..1]).await.unwrap();
    assert_eq!(live.next().await, Some(Heard::Event(Arc::new(events[0].clone()))));

    bus.publish(&events[1..]).await.unwrap();
    assert_eq!(live.next().await, Some(Heard::Missed(5)));
    assert_eq!(live.next().await, Some(Heard::Event(Arc::new(events[6].clone()))));
    drop(bus);
    let mut last = None;
    while let Some(heard) = live.next().await {
        last = Some(heard);
    }
    assert_eq!(last, Some(Heard::Event(Arc::new(events[1029].clone()))));
}
