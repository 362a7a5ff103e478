//! Who is forgotten gets nothing any more, and the ledger tells no longer what they got.

use std::time::Duration;

use frontier::core::contacts::ContactError;
use frontier::core::publishing::DeliveryState;
use frontier::storage::sql::params;
use serde_json::json;

use super::{Shop, ended, until};
use crate::support::backend::on_every_backend;
use crate::support::dump::{dump, files_hold};
use crate::support::smtp::Act;

on_every_backend!(
    the_ledger_keeps_its_counts_and_not_the_address,
    who_is_forgotten_while_a_run_waits_gets_nothing,
    a_mail_on_its_way_is_waited_for,
    who_was_forgotten_and_is_there_again_gets_nothing,
    who_is_merged_while_a_run_waits_gets_one_mail,
);

const FORGOTTEN: &str = "(forgotten)";

async fn the_ledger_keeps_its_counts_and_not_the_address(shop: Shop) {
    let contacts = &shop.app.services.contacts;
    shop.contact("Une.Que@Personal.example", json!({}), &["Readers"]).await;
    shop.readers(2).await;
    // A server's words may name whom they are about.
    shop.server.otherwise(Act::Say("550 5.1.1 <une.que@personal.example> is unknown"));
    shop.run().await;
    // The same address, of a contact that was deleted and came again.
    contacts.delete("une.que@personal.example").await.unwrap();
    shop.contact("une.que@personal.example", json!({}), &[]).await;
    let takeout = shop.app.client.take_out_contact("une.que@personal.example").await.unwrap();
    let [mail] = takeout.records["deliveries"].as_slice() else { panic!("{takeout:?}") };
    assert_eq!((&mail["campaign"], &mail["state"]), (&json!("Spring"), &json!("failed")));

    let counts = shop.progress().await.counts;
    let done = contacts.forget("une.que@personal.example").await.unwrap();
    assert_eq!((done.contact, done.records), (true, 1));
    assert_eq!(shop.progress().await.counts, counts);
    assert_eq!(shop.ledger().await.len(), 3);
    let row = shop.delivery(FORGOTTEN).await;
    assert_eq!((row.state, row.code, row.reply), (DeliveryState::Failed, Some(550), None));
    for word in ["une.que", "personal.example"] {
        // Of the others' rows, the server's words were about her too.
        let left = dump(&shop.db).await.replace("5.1.1 <une.que@personal.example>", "");
        assert!(!left.contains(word), "{left}");
    }
    shop.everything_agrees().await;
}

async fn who_is_forgotten_while_a_run_waits_gets_nothing(shop: Shop) {
    let readers = shop.readers(6).await;
    shop.server.otherwise(Act::Say("451 4.3.2 later"));
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Deferred, 6).await;

    let done = shop.app.services.contacts.forget(&readers[1]).await.unwrap();
    assert_eq!(done.records, 1);
    shop.server.otherwise(Act::Take);
    shop.app.clock.advance(61_000);
    ended(worker).await;

    assert!(!shop.server.recipients().contains(&readers[1]));
    assert_eq!(shop.those(DeliveryState::Suppressed).await, [FORGOTTEN]);
    assert!(!dump(&shop.db).await.contains(&readers[1]));
    assert!(!files_hold(&shop.db, &readers[1]).await);
    shop.everything_agrees().await;
}

async fn a_mail_on_its_way_is_waited_for(shop: Shop) {
    let readers = shop.readers(1).await;
    shop.server.otherwise(Act::Slowly(Duration::from_millis(400)));
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Leased, 1).await;
    let contacts = &shop.app.services.contacts;
    let refused = contacts.forget(&readers[0]).await;
    assert!(matches!(refused, Err(ContactError::InHand)), "{refused:?}");
    contacts.contact(&readers[0]).await.unwrap();
    ended(worker).await;
    until("nothing in hand", async || contacts.forget(&readers[0]).await.is_ok()).await;
    assert!(!dump(&shop.db).await.contains(&readers[0]));
}

async fn who_was_forgotten_and_is_there_again_gets_nothing(shop: Shop) {
    let readers = shop.readers(2).await;
    let contacts = &shop.app.services.contacts;
    contacts.forget(&readers[0]).await.unwrap();
    // As a copy of another store would bring them: not by any door of ours.
    let mut tx = shop.db.begin().await.unwrap();
    let insert = "INSERT INTO contacts (id, workspace_id, email, email_folded, name, name_folded,
                      attributes, created_at, updated_at)
                  SELECT ?1, workspace_id, ?2, ?2, '', '', attributes, 0, 0 FROM contacts";
    let id = shop.app.clock.new_id();
    tx.execute(insert, params![id, &readers[0]]).await.unwrap();
    let join = "INSERT INTO list_members (list_id, contact_id, added_at)
                SELECT id, ?1, 0 FROM lists";
    tx.execute(join, params![id]).await.unwrap();
    tx.commit().await.unwrap();

    shop.run().await;
    assert_eq!(shop.server.recipients(), readers[1..]);
    assert_eq!(shop.delivery(&readers[0]).await.reply.unwrap(), "suppressed: forgotten");
    shop.everything_agrees().await;
}

async fn who_is_merged_while_a_run_waits_gets_one_mail(shop: Shop) {
    let readers = shop.readers(3).await;
    shop.contact("ana@home.example", json!({}), &[]).await;
    shop.server.otherwise(Act::Say("451 4.3.2 later"));
    shop.start().await;
    let worker = shop.worker(Shop::options(32));
    shop.until_state(DeliveryState::Deferred, 3).await;

    let contacts = &shop.app.services.contacts;
    // Both wait for a mail; and one who does not is kept for one who does.
    contacts.merge(&readers[0], std::slice::from_ref(&readers[1])).await.unwrap();
    contacts.merge("ana@home.example", std::slice::from_ref(&readers[2])).await.unwrap();
    shop.server.otherwise(Act::Take);
    shop.app.clock.advance(61_000);
    ended(worker).await;

    assert_eq!(shop.server.recipients(), ["ana@home.example", readers[0].as_str()]);
    assert_eq!(shop.those(DeliveryState::Suppressed).await, readers[1..2]);
    shop.everything_agrees().await;
}
