//! `--jq`: filters over the JSON of an answer, by jaq.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use super::error::CommandError;

/// Runs `filter` over `input`; gives every result.
///
/// # Errors
/// A usage error when the filter does not compile; a failure when it stops on the input.
pub(super) fn run(filter: &str, input: &Value) -> Result<Vec<Value>, CommandError> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let wrong = |what: String| CommandError::usage(format!("--jq `{filter}`: {what}"));

    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code: filter, path: () })
        .map_err(|_| wrong("this is not a jq filter; try `.[].name`".into()))?;
    let compiled = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let unknown = errors.iter().flat_map(|(_, errors)| errors).map(|(name, _)| *name).next();
        wrong(format!("there is no `{}`", unknown.unwrap_or_default()))
    })?;

    let input = read::parse_single(input.to_string().as_bytes())
        .map_err(|error| CommandError::failed(error.to_string()))?;
    let context = Ctx::<data::JustLut<Val>>::new(&compiled.lut, Vars::new([]));
    compiled
        .id
        .run((context, input))
        .map(unwrap_valr)
        .map(|result| {
            let value = result.map_err(|error| CommandError::failed(format!("--jq: {error}")))?;
            serde_json::from_str(&value.to_string())
                .map_err(|error| CommandError::failed(format!("--jq: {error}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_select_and_wrong_ones_say_so() {
        let lists = json!([{"name": "a", "members": 2}, {"name": "b", "members": 0}]);
        assert_eq!(run(".[] | select(.members > 0) | .name", &lists).unwrap(), [json!("a")]);
        let message = |filter| run(filter, &lists).unwrap_err().message;
        assert_eq!(message(".[").len(), "--jq `.[`: this is not a jq filter; try `.[].name`".len());
        assert_eq!(message("nope"), "--jq `nope`: there is no `nope`");
    }
}
