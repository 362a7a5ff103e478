//! The limits in the kind `Channel`.

use crate::core::manifests::check::Checked;
use crate::core::manifests::codes::Code;
use crate::core::manifests::positions::{Node, Value};
use crate::core::manifests::rules;
use crate::core::manifests::shape::{DATE, Field, Form, Shape, may, must};

const COUNT: Shape = Shape::Number { least: 1, most: 1_000_000_000 };
const DOMAIN: Shape = Shape::Text(rules::domain, Form::Pattern(r"^[^\s@/,]+$"));
const TIME: Shape = Shape::Text(rules::time_of_day, Form::Pattern("^[0-9]{2}:[0-9]{2}$"));

pub(super) const LIMITS: &[Field] = &[
    may("per_second", COUNT, "Mails in a second, evenly.").example("200"),
    may("per_minute", COUNT, "Mails in any minute.").example("6000"),
    may("per_hour", COUNT, "Mails in any hour.").example("100000"),
    may("per_day", COUNT, "Mails in any 24 hours.").example("500000"),
    may(
        "per_domain",
        Shape::Fields(&[
            may("per_second", COUNT, "Mails in a second, evenly.").example("20"),
            may("per_minute", COUNT, "Mails in any minute."),
            may("per_hour", COUNT, "Mails in any hour."),
            may("per_day", COUNT, "Mails in any 24 hours."),
        ]),
        "What each domain may get that `domains` does not name.",
    ),
    may(
        "domains",
        Shape::ListOf(&Shape::Fields(&[
            must("domain", DOMAIN, "What follows the `@`.").example("gmail.com"),
            may("per_second", COUNT, "Mails in a second, evenly."),
            may("per_minute", COUNT, "Mails in any minute.").example("600"),
            may("per_hour", COUNT, "Mails in any hour."),
            may("per_day", COUNT, "Mails in any 24 hours."),
        ])),
        "What these domains may get.",
    ),
    may(
        "adaptive",
        Shape::OneOf(&["on", "off"]),
        "Whether a domain that turns mails away for now gets fewer for a while.",
    )
    .default("on"),
    may(
        "warm_up",
        Shape::Fields(&[
            must("starts", DATE, "The first day.").example("2026-12-01"),
            must("first_day", COUNT, "How many mails may leave on it.").example("200"),
            must(
                "daily_growth",
                Shape::Number { least: 0, most: 1000 },
                "By how many percent more each day than the day before.",
            )
            .example("50"),
            may("timezone", Shape::Text(rules::timezone, Form::Zone), "Whose days count.")
                .default("UTC"),
        ]),
        "How the volume of a new sender grows from day to day.",
    ),
    may(
        "quiet_hours",
        Shape::Fields(&[
            must("from", TIME, "When they begin.").example("\"22:00\""),
            must("to", TIME, "When they end; on the next day when it is earlier.")
                .example("\"07:00\""),
            must(
                "timezone",
                Shape::Text(rules::quiet_zone, Form::Any),
                "Whose clocks count: a zone, or `contact` for each contact's own.",
            )
            .example("Europe/Madrid"),
        ]),
        "When nothing is sent.",
    ),
];

/// Domains that are named twice, and quiet hours that are none.
pub(super) fn check_rules(checked: &mut Checked, limits: &Node) {
    let mut seen = Vec::new();
    let domains = match limits.get("domains").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    for one in domains {
        let Some(domain) = one.entry("domain") else { continue };
        let Some(text) = domain.node.text() else { continue };
        let folded = text.to_lowercase();
        if seen.contains(&folded) {
            let message = format!("`{text}` is named twice");
            checked.coded(Code::InvalidValue, domain.node.at, &message, "keep one of them");
        }
        seen.push(folded);
    }
    if let Some(quiet) = limits.entry("quiet_hours")
        && let (Some(from), Some(to)) = (quiet.node.get("from"), quiet.node.get("to"))
        && from.text().is_some()
        && from.text() == to.text()
    {
        let message = "the quiet hours begin and end at the same time";
        checked.coded(Code::InvalidValue, quiet.key_at, message, "give `to` another time");
    }
}
