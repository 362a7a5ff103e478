//! `config`: settings in force, and changed.

use std::path::Path;

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn settings_are_shown_with_where_they_come_from() {
    let sandbox = Sandbox::workspace();
    sandbox.write("frontier.yaml", "database:\n  url: postgres://ana:hunter2@db/x\n");
    let mut command = sandbox.frontier(&["config", "show"]);
    let shown = sandbox.end(command.env("FRONTIER_SENDER_EMAIL", "ana@spring.example"));
    assert_snapshot!(shown.out, @r"
    SETTING             VALUE                    FROM
    database.url        postgres://ana:***@db/x  file, line 2
    sender.name                                  default
    sender.email        ana@spring.example       FRONTIER_SENDER_EMAIL
    sender.reply_to                              default
    unsubscribe.url                              default
    unsubscribe.email                            default
    delivery.in_flight  128                      default
    delivery.batch      500                      default
    limits.per_second                            default
    limits.per_minute                            default
    limits.per_hour                              default
    limits.per_day                               default
    log.level           warn                     default
    ");
    let yaml = sandbox.ok(&["config", "get", "delivery.batch", "-o", "yaml"]);
    assert_eq!(yaml, "key: delivery.batch\nvalue: 500\nsource: default\n");
}

#[test]
fn a_setting_is_written_where_the_file_shows_it() {
    let sandbox = Sandbox::workspace();
    let before = sandbox.read(Path::new("work/frontier.yaml"));
    sandbox.ok(&["config", "set", "delivery.batch", "50"]);
    assert_eq!(sandbox.ok(&["config", "get", "delivery.batch"]), "50\n");
    let after = sandbox.read(Path::new("work/frontier.yaml"));
    assert_eq!(after, before.replace("  #batch: 500", "  batch: 50"));

    let mut command = sandbox.frontier(&["config", "set", "log.level", "info"]);
    let shadowed = sandbox.end(command.env("FRONTIER_LOG_LEVEL", "error"));
    assert!(shadowed.err.contains("no effect while the variable FRONTIER_LOG_LEVEL is set"));
}

#[test]
fn a_wrong_setting_is_refused_and_nothing_is_written() {
    let sandbox = Sandbox::workspace();
    let before = sandbox.read(Path::new("work/frontier.yaml"));
    let unknown = sandbox.run(&["config", "set", "sender.emial", "a@x.y"]);
    assert_eq!(unknown.code, 3);
    assert_snapshot!(unknown.err, @r"
    error: there is no setting `sender.emial`
      did you mean `sender.email`?
    ");
    let wrong = sandbox.run(&["config", "set", "delivery.in_flight", "-1"]);
    assert_eq!(wrong.code, 5);
    assert_snapshot!(wrong.err, @"error: `delivery.in_flight` must be a whole number from 1 to 10000");
    assert_eq!(sandbox.read(Path::new("work/frontier.yaml")), before);
}

#[test]
fn a_broken_file_is_shown_with_its_place_and_can_be_mended() {
    let sandbox = Sandbox::workspace();
    sandbox.write("frontier.yaml", "delivery:\n  bacth: 3\n");
    let broken = sandbox.run(&["list", "list"]);
    assert_eq!(broken.code, 5);
    assert_snapshot!(broken.err, @r"
    error: [root]/work/frontier.yaml:2:3: `delivery` has no `bacth`
      did you mean `batch`?
    ");
    sandbox.write("frontier.yaml", "delivery:\n  batch: lots\n");
    assert_eq!(sandbox.run(&["list", "list"]).code, 5);
    sandbox.ok(&["config", "set", "delivery.batch", "3"]);
    assert_eq!(sandbox.ok(&["config", "get", "delivery.batch"]), "3\n");

    let mut command = sandbox.frontier(&["list", "list"]);
    let variable = sandbox.end(command.env("FRONTIER_DELIVERY_BATCH", "lots"));
    assert_eq!(variable.code, 5);
    assert_snapshot!(variable.err, @r"
    error: the variable FRONTIER_DELIVERY_BATCH must be a whole number from 1 to 10000
      change it, or unset it
    ");
}
