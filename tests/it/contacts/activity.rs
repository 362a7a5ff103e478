//! What contacts did is rolled up.

use frontier::core::contacts::{Activity, Contacts};
use frontier::core::kernel::{Id, Timestamp};
use frontier::storage::sql::{Db, DbUrl, params};

use super::*;
use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};

on_every_backend!(an_activity_is_one_row_however_often);

async fn an_activity_is_one_row_however_often(url: DbUrl) {
    let App { client, .. } = App::given(url.clone()).await;
    let ana: Id =
        client.create_contact(&contact("ana@example.com")).await.unwrap().id.parse().unwrap();
    let db = Db::open(&url).unwrap();
    let workspace = db.read().await.unwrap().row("SELECT id FROM workspaces", params![]).await;
    let db = db.in_workspace(workspace.unwrap().unwrap().get("id").unwrap());
    let campaign = Id::from_bytes([7; 16]);
    let at = Timestamp::from_millis;
    let gone = Id::from_bytes([9; 16]);
    for seen in [vec![(ana, at(50))], vec![(gone, at(1)), (ana, at(90)), (ana, at(20))], vec![]] {
        let mut tx = db.begin().await.unwrap();
        let opened = Activity::Opened;
        Contacts::note_activity_in(&mut tx, opened, campaign, &seen).await.unwrap();
        tx.commit().await.unwrap();
    }
    let sql = "SELECT activity, times, first_at, last_at FROM contact_activity";
    let rows = db.read().await.unwrap().rows(sql, params![]).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let number = |name: &str| row.get::<i64>(name).unwrap();
    assert_eq!(row.get::<String>("activity").unwrap(), "opened");
    assert_eq!([number("times"), number("first_at"), number("last_at")], [3, 20, 90]);
}
