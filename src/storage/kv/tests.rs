//! Values, counters and streams, and what is left of them after a crash.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::core::kernel::Timestamp;

struct Store {
    home: TempDir,
    clock: Clock,
}

impl Store {
    fn new() -> Self {
        let clock = Clock::fixed(Timestamp::from_millis(1_700_000_000_000));
        Self { home: tempfile::tempdir().unwrap(), clock }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("kv")
    }

    async fn open(&self) -> Kv {
        Kv::open(&self.dir(), self.clock.clone()).await.unwrap()
    }

    fn moved_aside(&self) -> usize {
        let names = fs::read_dir(self.home.path()).unwrap();
        names
            .filter(|entry| {
                entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("kv.damaged-")
            })
            .count()
    }
}

#[tokio::test]
async fn values_are_found_in_their_namespace_only() {
    let kv = Store::new().open().await;
    kv.set("a", "bc", b"1".to_vec(), None).await.unwrap();
    kv.set("ab", "c", b"2".to_vec(), None).await.unwrap();
    assert_eq!(kv.get("a", "bc").await.unwrap().unwrap(), b"1");
    assert_eq!(kv.get("ab", "c").await.unwrap().unwrap(), b"2");

    kv.remove("a", "bc").await.unwrap();
    assert_eq!(kv.get("a", "bc").await.unwrap(), None);
    assert_eq!(kv.get("a", "").await.unwrap(), None);
}

#[tokio::test]
async fn a_value_is_absent_from_its_end_on_and_then_swept() {
    let store = Store::new();
    let kv = store.open().await;
    kv.sweep().await.unwrap();
    kv.set("a", "short", b"1".to_vec(), Some(Duration::from_secs(10))).await.unwrap();
    kv.set("a", "prolonged", b"1".to_vec(), Some(Duration::from_secs(10))).await.unwrap();
    kv.set("a", "prolonged", b"2".to_vec(), Some(Duration::from_secs(20))).await.unwrap();

    store.clock.advance(9_999);
    assert!(kv.get("a", "short").await.unwrap().is_some());
    store.clock.advance(1);
    assert_eq!(kv.get("a", "short").await.unwrap(), None);
    assert_eq!(kv.sweep().await.unwrap(), 1);
    assert_eq!(kv.sweep().await.unwrap(), 0);
    assert_eq!(kv.get("a", "prolonged").await.unwrap().unwrap(), b"2");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_count_together_lose_nothing() {
    let kv = Store::new().open().await;
    let count = |kv: Kv| async move {
        for _ in 0..500 {
            kv.add("hits", "all", 1, None).await.unwrap();
        }
    };
    let (a, b) = (tokio::spawn(count(kv.clone())), tokio::spawn(count(kv.clone())));
    a.await.unwrap();
    b.await.unwrap();
    assert_eq!(kv.get("hits", "all").await.unwrap().unwrap(), b"1000");
}

#[tokio::test]
async fn a_counter_ends_with_the_time_it_was_made_for() {
    let store = Store::new();
    let kv = store.open().await;
    assert_eq!(kv.add("hits", "ip", 2, Some(Duration::from_mins(1))).await.unwrap(), 2);
    store.clock.advance(59_000);
    assert_eq!(kv.add("hits", "ip", -1, Some(Duration::from_mins(1))).await.unwrap(), 1);
    store.clock.advance(1_000);
    assert_eq!(kv.add("hits", "ip", 5, Some(Duration::from_mins(1))).await.unwrap(), 5);
}

#[tokio::test]
async fn only_numbers_are_added_to() {
    let kv = Store::new().open().await;
    kv.set("a", "name", b"Spring".to_vec(), None).await.unwrap();
    insta::assert_snapshot!(
        kv.add("a", "name", 1, None).await.unwrap_err(),
        @"`name` in `a` holds no number that can be added to; remove it and count again"
    );
    assert_eq!(kv.get("a", "name").await.unwrap().unwrap(), b"Spring");
    kv.add("a", "full", i64::MAX, None).await.unwrap();
    assert!(matches!(kv.add("a", "full", 1, None).await, Err(KvError::NotACounter { .. })));
}

#[tokio::test]
async fn a_cleared_namespace_is_empty_for_good_and_usable() {
    let store = Store::new();
    let kv = store.open().await;
    kv.set("pages", "old", b"1".to_vec(), None).await.unwrap();
    kv.set("other", "kept", b"1".to_vec(), None).await.unwrap();
    kv.clear("pages").await.unwrap();
    assert_eq!(kv.get("pages", "old").await.unwrap(), None);
    kv.set("pages", "new", b"2".to_vec(), None).await.unwrap();
    kv.flush().await.unwrap();
    drop(kv);

    let kv = store.open().await;
    kv.sweep().await.unwrap();
    assert_eq!(kv.get("pages", "old").await.unwrap(), None);
    assert_eq!(kv.get("pages", "new").await.unwrap().unwrap(), b"2");
    assert_eq!(kv.get("other", "kept").await.unwrap().unwrap(), b"1");
}

#[tokio::test]
async fn a_reopened_store_keeps_streams_cursors_and_numbers() {
    let store = Store::new();
    let kv = store.open().await;
    assert_eq!(kv.append("s", vec![b"1".to_vec(), b"2".to_vec()]).await.unwrap(), 2);
    kv.append("s", vec![b"3".to_vec()]).await.unwrap();
    kv.append("other", vec![b"x".to_vec()]).await.unwrap();
    kv.set_cursor("s", "mailer", 2).await.unwrap();
    kv.trim("other", 0).await.unwrap();
    let epoch = kv.epoch();
    drop(kv);

    let kv = store.open().await;
    assert_eq!(kv.epoch(), epoch);
    assert_eq!(kv.cursor("s", "mailer").await.unwrap(), 2);
    assert_eq!(kv.cursor("s", "nobody").await.unwrap(), 0);
    assert_eq!(kv.read("s", 2, 10).await.unwrap(), [(3, b"3".to_vec())]);
    assert_eq!(kv.read("other", 0, 10).await.unwrap(), []);
    assert_eq!(kv.append("other", vec![b"y".to_vec()]).await.unwrap(), 2);
}

#[tokio::test]
async fn a_stream_is_trimmed_to_its_newest() {
    let kv = Store::new().open().await;
    kv.append("s", (0..10).map(|n| vec![n]).collect()).await.unwrap();
    kv.trim("s", 3).await.unwrap();
    let kept = kv.read("s", 0, 10).await.unwrap();
    assert_eq!(kept, [(8, vec![7]), (9, vec![8]), (10, vec![9])]);
    kv.drop_entry("s", 9).await.unwrap();
    assert_eq!(kv.read("s", 8, 10).await.unwrap(), [(10, vec![9])]);
    assert_eq!(kv.tail("s").await.unwrap(), 10);
}

#[tokio::test]
async fn two_do_not_open_it() {
    let store = Store::new();
    let _kv = store.open().await;
    let refusal = Kv::open(&store.dir(), store.clock.clone()).await.unwrap_err();
    assert!(matches!(refusal, KvError::Locked(dir) if dir == store.dir()));
    assert_eq!(store.moved_aside(), 0);
}

#[tokio::test]
async fn a_deleted_folder_is_another_epoch() {
    let store = Store::new();
    let kv = store.open().await;
    kv.set("a", "b", b"1".to_vec(), None).await.unwrap();
    let epoch = kv.epoch();
    drop(kv);
    fs::remove_dir_all(store.dir()).unwrap();

    let kv = store.open().await;
    assert_ne!(kv.epoch(), epoch);
    assert_eq!(kv.get("a", "b").await.unwrap(), None);
    assert_eq!(store.moved_aside(), 0);
}

/// Fills a store with a few megabytes, closes it, and does `harm` to its folder.
async fn harmed(store: &Store, harm: impl FnOnce(&Path)) -> Id {
    let kv = store.open().await;
    for batch in 0..20 {
        let payloads = (0..50).map(|n| vec![n; 4096]).collect();
        kv.append("s", payloads).await.unwrap();
        kv.set("a", &batch.to_string(), vec![1; 4096], Some(Duration::from_mins(1))).await.unwrap();
    }
    kv.flush().await.unwrap();
    let epoch = kv.epoch();
    drop(kv);
    drop(store.open().await);
    harm(&store.dir());
    epoch
}

async fn works(kv: &Kv) {
    let last = kv.append("s", vec![b"new".to_vec()]).await.unwrap();
    assert_eq!(kv.read("s", last - 1, 1).await.unwrap(), [(last, b"new".to_vec())]);
}

#[tokio::test]
async fn a_folder_full_of_garbage_is_put_aside() {
    let store = Store::new();
    let epoch = harmed(&store, |dir| {
        for file in fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()) {
            if file.is_file() {
                fs::write(file, vec![0xA5; 100_000]).unwrap();
            }
        }
    })
    .await;
    let kv = store.open().await;
    assert_ne!(kv.epoch(), epoch);
    assert_eq!(store.moved_aside(), 1);
    works(&kv).await;
}

#[tokio::test]
async fn a_file_where_the_folder_should_be_is_put_aside() {
    let store = Store::new();
    fs::write(store.dir(), b"not a folder").unwrap();
    works(&store.open().await).await;
    assert_eq!(store.moved_aside(), 1);
}

#[tokio::test]
async fn damage_met_in_use_is_put_aside_at_the_next_start() {
    let store = Store::new();
    let epoch = harmed(&store, |dir| {
        let mut data = fs::read(dir.join("db")).unwrap();
        let third = data.len() / 3;
        data[third..2 * third].fill(0xA5);
        fs::write(dir.join("db"), data).unwrap();
    })
    .await;
    let kv = store.open().await;
    if kv.epoch() == epoch {
        let met = kv.read("s", 0, 10_000).await;
        assert!(matches!(met, Err(KvError::Damaged(_))), "{met:?}");
    }
    drop(kv);
    let kv = store.open().await;
    assert_ne!(kv.epoch(), epoch);
    assert_eq!(store.moved_aside(), 1);
    works(&kv).await;
}
