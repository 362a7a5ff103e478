//! What a careful person is told before anything is changed, and what is refused.

use frontier::api::Services;
use frontier::core::kernel::PageRequest;
use frontier::core::manifests::Action::{Delete, Unchanged};
use frontier::core::manifests::{Action, Bundle, ManifestError, Plan};

use super::{contact, file, reads, small};
use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    recipients_are_told_as_they_are_and_as_they_were,
    another_number_of_recipients_is_refused,
    pruning_stays_within_its_labels,
    what_is_needed_or_was_sent_is_not_pruned,
    a_template_that_is_included_is_not_pruned,
    a_segment_changes_whom_other_campaigns_are_for,
);

fn list(name: &str, labels: &str) -> String {
    format!(
        "apiVersion: frontier/v1\nkind: List\nmetadata: {{ name: {name}, labels: {labels} }}\n\
         spec: {{ description: {name} }}\n---\n"
    )
}

fn pruning(text: &str, labels: &[(&str, &str)]) -> Bundle {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Bundle { prune: Some(labels.collect()), ..file(text).into() }
}

fn deeds(plan: &Plan) -> Vec<(Action, &str)> {
    plan.changes.iter().map(|change| (change.action, change.name.as_str())).collect()
}

async fn names(services: &Services) -> Vec<String> {
    let page = services.contacts.lists(PageRequest::new(None, None)).await;
    let mut names: Vec<_> = page.unwrap().items.into_iter().map(|list| list.name).collect();
    names.sort();
    names
}

async fn recipients_are_told_as_they_are_and_as_they_were(app: App) {
    let services = app.services;
    services.manifests.apply(file(&small("Hi")), None).await.unwrap();
    services.manifests.apply(file(&list("others", "{}")), None).await.unwrap();
    for (email, list) in
        [("a@x.example", "readers"), ("b@x.example", "readers"), ("c@x.example", "others")]
    {
        contact(&services, email, list).await;
    }
    let both = small("Hi").replace("[readers]", "[readers, others]");
    let plan = services.manifests.plan(file(&both)).await.unwrap();
    assert_eq!((plan.changes[1].recipients, plan.changes[1].recipients_before), (Some(3), Some(2)));
    assert_eq!(plan.recipients(), 3);
}

async fn another_number_of_recipients_is_refused(app: App) {
    let services = app.services;
    services.manifests.apply(file(&small("Hi")), None).await.unwrap();
    contact(&services, "a@x.example", "readers").await;
    let confirmed = |number| Bundle { recipients: Some(number), ..file(&small("Bye")).into() };
    let refusal = services.manifests.apply(confirmed(2), None).await.unwrap_err();
    reads!(refusal, @"the campaigns have 1 recipients, and 2 were confirmed; look at the plan again");
    let campaign = services.campaigns.campaign("news").await.unwrap();
    assert_eq!(campaign.messages[0].subject, "Hi");
    services.manifests.apply(confirmed(1), None).await.unwrap();
    let refusal = services.manifests.apply(confirmed(1), None).await.unwrap_err();
    reads!(refusal, @"the campaigns have 0 recipients, and 1 were confirmed; look at the plan again");
    services.manifests.apply(confirmed(0), None).await.expect("a second time, nothing is touched");
}

async fn pruning_stays_within_its_labels(app: App) {
    let services = app.services;
    let crm = "{ team: crm, kind: x }";
    let all = [
        list("stays", "{ team: crm }"),
        list("goes", crm),
        list("other-team", "{ team: shop }"),
        list("bare", "{}"),
        "apiVersion: frontier/v1\nkind: Template\nmetadata: { name: outer, labels: { team: crm } }\n\
         spec: { format: html, body: '{{ content }}' }\n---\n"
            .to_owned(),
        "apiVersion: frontier/v1\nkind: Template\nmetadata: { name: inner, labels: { team: crm } }\n\
         spec: { format: html, body: a, layout: outer }\n---\n"
            .to_owned(),
        "apiVersion: frontier/v1\nkind: Campaign\nmetadata: { name: old, labels: { team: crm } }\n\
         spec:\n  type: email\n  target_audience: { lists: [goes] }\n  \
         messages: [{ name: a, subject: a, template: inner }]\n---\n"
            .to_owned(),
    ]
    .concat();
    services.manifests.apply(file(&all), None).await.unwrap();
    contact(&services, "a@x.example", "goes").await;

    let kept = list("stays", "{ team: crm }");
    let refusal = services.manifests.apply(pruning(&kept, &[]), None).await.unwrap_err();
    assert!(matches!(refusal, ManifestError::Unlabelled));
    let bundle = pruning(&kept, &[("team", "crm")]);
    let plan = services.manifests.plan(bundle.clone()).await.unwrap();

    let expected = [
        (Unchanged, "stays"),
        (Delete, "old"),
        (Delete, "inner"),
        (Delete, "outer"),
        (Delete, "goes"),
    ];
    assert_eq!(deeds(&plan), expected, "what builds on others goes before them");
    assert_eq!(plan.changes[1].recipients_before, Some(1));
    reads!(plan.warnings[0].message, @"still has 1 contact, who stay without it");
    assert_eq!(plan.changes[4].fields.len(), 3, "what is lost is told: {:?}", plan.changes[4]);

    services.manifests.apply(bundle.clone(), Some(&plan.fingerprint)).await.unwrap();
    assert_eq!(names(&services).await, ["bare", "other-team", "stays"]);
    assert!(services.templates.template("inner").await.is_err());
    assert!(services.contacts.contact("a@x.example").await.is_ok(), "people stay");
    let again = services.manifests.plan(bundle).await.unwrap();
    assert!(!again.has_changes(), "{again:?}");

    let bare = services.manifests.plan(pruning(&list("bare", "{}"), &[("team", "shop")])).await;
    let bare = bare.unwrap();
    reads!(bare.warnings[0].message, @"does not carry the labels that are pruned by: it stays when its manifest goes");
}

async fn what_is_needed_or_was_sent_is_not_pruned(app: App) {
    let services = app.services;
    let crm = "{ team: crm }";
    let channel = "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: box }\n\
                   spec: { kind: outbox, from: { email: a@b.example }, unsubscribe: { email: u@b.example } }\n---\n";
    let campaign = small("Hi")
        .replace("name: readers }", "name: readers, labels: { team: crm } }")
        .replace("type: email", "type: email\n  channel: box");
    let text = [channel.to_owned(), campaign].concat();
    services.manifests.apply(file(&text), None).await.unwrap();
    let others = pruning(&list("others", crm), &[("team", "crm")]);
    let refusal = services.manifests.apply(others.clone(), None).await.unwrap_err();
    reads!(refusal, @"what is in no manifest cannot all be deleted: List `readers` is used by Campaign `news`");
    assert_eq!(names(&services).await, ["readers"]);

    let labelled = text.replace("name: news }", "name: news, labels: { team: crm } }");
    services.manifests.apply(file(&labelled), None).await.unwrap();
    contact(&services, "a@x.example", "readers").await;
    services.campaigns.start("news").await.unwrap();
    let refusal = services.manifests.plan(others.clone()).await.unwrap_err();
    reads!(refusal, @"what is in no manifest cannot all be deleted: the campaign `news` is active; `frontier campaign cancel` ends it, or take the label off");
    services.campaigns.cancel("news").await.unwrap();
    let refusal = services.manifests.plan(others.clone()).await.unwrap_err();
    reads!(refusal, @"what is in no manifest cannot all be deleted: the campaign `news` has been sent, and its record would go with it; `frontier campaign archive` keeps both, or take the label off");
    services.campaigns.archive("news").await.unwrap();
    let refusal = services.manifests.plan(others).await.unwrap_err();
    reads!(refusal, @"what is in no manifest cannot all be deleted: List `readers` is used by Campaign `news`");
    let both = [list("others", crm), list("readers", crm)].concat();
    let plan = services.manifests.plan(pruning(&both, &[("team", "crm")])).await.unwrap();
    assert_eq!(plan.count(Action::Delete), 0, "what is archived is left alone");
}

async fn a_segment_changes_whom_other_campaigns_are_for(app: App) {
    let services = app.services;
    let segment = |expression: &str| {
        format!(
            "apiVersion: frontier/v1\nkind: Segment\nmetadata: {{ name: fans }}\n\
             spec: {{ where: \"{expression}\" }}\n---\n"
        )
    };
    let campaign = small("Hi").replace("lists: [readers]", "segments: [fans]");
    let all = [segment("name = 'Ana'"), campaign].concat();
    services.manifests.apply(file(&all), None).await.unwrap();
    contact(&services, "a@x.example", "readers").await;
    contact(&services, "b@x.example", "readers").await;
    let plan = services.manifests.plan(file(&segment("email <> 'b@x.example'"))).await.unwrap();
    let beside = plan.changes.last().unwrap();
    assert_eq!((beside.action, beside.name.as_str()), (Action::Unchanged, "news"));
    assert_eq!((beside.recipients_before, beside.recipients), (Some(0), Some(1)));
    assert_eq!(plan.recipients(), 1);
    reads!(plan.warnings[0].message, @"is in none of these manifests, and is for others because of them");
    let same = services.manifests.plan(file(&segment("name = 'Ana' "))).await.unwrap();
    assert_eq!((same.changes.len(), same.recipients()), (1, 0));
}

async fn a_template_that_is_included_is_not_pruned(app: App) {
    let services = app.services;
    let template = |name: &str, labels: &str, body: &str| {
        format!(
            "apiVersion: frontier/v1\nkind: Template\nmetadata: {{ name: {name}, labels: {labels} }}\n\
             spec: {{ format: html, body: '{body}' }}\n---\n"
        )
    };
    let outer = template("outer", "{}", "<p>{% include \"foot\" %}</p>");
    let all = [template("foot", "{ team: crm }", "Bye"), outer].concat();
    services.manifests.apply(file(&all), None).await.unwrap();
    let bundle = pruning(&list("stays", "{ team: crm }"), &[("team", "crm")]);
    let refusal = services.manifests.apply(bundle, None).await.unwrap_err();
    reads!(refusal, @"what is in no manifest cannot all be deleted: Template `foot` is included by Template `outer`");
}
