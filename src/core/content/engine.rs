//! The Jinja environment: strict, bounded, and without a way out of the template.
//!
//! An attribute that a contact does not have is *undefined*; a field that is empty (JSON `null`) is
//! treated the same where it would be printed or defaulted, and is false in `{% if … %}`.

use std::fmt;

use minijinja::value::{Rest, Value};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, UndefinedBehavior, escape_formatter,
};

/// Steps one part may take; about 64 bytes of output cost one as well.
const FUEL: u64 = 100_000;
/// How deep macros and recursive loops may nest.
const RECURSION: usize = 50;

/// The template whose values are escaped for HTML.
pub(super) const HTML: &str = "html";

pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(RECURSION);
    // where an error happened, byte for byte, and the name of what is undefined
    env.set_debug(true);
    env.set_auto_escape_callback(|name| match name {
        HTML => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    env.set_formatter(|out, state, value| {
        if value.is_none() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        if *state.auto_escape() != AutoEscape::Html || value.is_safe() || value.is_number() {
            return escape_formatter(out, state, value);
        }
        match value.as_str() {
            Some(text) => escape(text, out),
            None => escape(&value.to_string(), out),
        }
        .map_err(Error::from)
    });
    env.add_filter("default", default);
    env.add_filter("d", default);
    env.add_test("defined", |value: &Value| has_value(value));
    env.add_test("undefined", |value: &Value| !has_value(value));
    // it prints all a contact's data
    env.remove_global("debug");
    env
}

/// Escapes what HTML needs escaped, in text and in quoted attributes. The engine's own way escapes
/// slashes as well, which makes addresses in links hard to recognise.
fn escape(text: &str, out: &mut Output<'_>) -> fmt::Result {
    let mut plain = 0;
    for (at, special) in text.match_indices(['&', '<', '>', '"', '\'']) {
        out.write_str(&text[plain..at])?;
        out.write_str(match special {
            "&" => "&amp;",
            "<" => "&lt;",
            ">" => "&gt;",
            "\"" => "&quot;",
            _ => "&#39;",
        })?;
        plain = at + 1;
    }
    out.write_str(&text[plain..])
}

fn has_value(value: &Value) -> bool {
    !value.is_undefined() && !value.is_none()
}

/// `{{ x | default("y") }}`; with `true` as a second argument, for what is empty or false too.
#[expect(clippy::needless_pass_by_value, reason = "the engine passes them so")]
fn default(value: &Value, args: Rest<Value>) -> Value {
    let lax = args.get(1).is_some_and(Value::is_true);
    if has_value(value) && (!lax || value.is_true()) {
        value.clone()
    } else {
        args.first().cloned().unwrap_or_else(|| Value::from(""))
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn shown(source: &str) -> Result<String, ErrorKind> {
        let vars = context! { none => Value::from(()), empty => "", x => "<x>" };
        environment().render_named_str(HTML, source, vars).map_err(|error| error.kind())
    }

    #[test]
    fn html_is_escaped_once_and_addresses_stay_legible() {
        let source = "{{ x ~ '&\\'\"/' }}{{ '<b>' | safe }}{{ ['<'] }}{{ 1.5 }}";
        assert_eq!(shown(source).unwrap(), "&lt;x&gt;&amp;&#39;&quot;/<b>[&#39;&lt;&#39;]1.5");
    }

    #[test]
    fn what_is_empty_is_not_printed_and_can_be_asked_for() {
        assert_eq!(shown("{{ none }}"), Err(ErrorKind::UndefinedError));
        assert_eq!(shown("{{ missing }}"), Err(ErrorKind::UndefinedError));
        for name in ["none", "missing"] {
            assert_eq!(shown(&format!("{{{{ {name} | default('y') }}}}")).unwrap(), "y");
            assert_eq!(shown(&format!("{{% if {name} is defined %}}a{{% endif %}}")).unwrap(), "");
        }
        assert_eq!(shown("{{ empty | default('y') }}{{ empty | d('y', true) }}").unwrap(), "y");
        assert_eq!(shown("{{ x | default('y') }}{% if none %}no{% endif %}").unwrap(), "&lt;x&gt;");
    }
}
