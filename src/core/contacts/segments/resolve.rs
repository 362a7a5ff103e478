//! Segments that name segments: each is put in the place of its name.

use std::collections::BTreeMap;

use super::language::{MAX_DEPTH, MAX_LOOKUPS, MAX_NODES, MAX_SEGMENT_DEPTH};
use super::model::Condition;

/// What segments ask, by name.
pub type Definitions = BTreeMap<String, Condition>;

/// Segments that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    #[error("no segment `{0}`; `frontier segment list` shows those there are")]
    Missing(String),
    #[error("the segments go in a circle: {}; take one out of it", .0.join(" > "))]
    Circle(Vec<String>),
    #[error("segments name segments more than {MAX_SEGMENT_DEPTH} deep: {}; name fewer in a row", .0.join(" > "))]
    TooDeep(Vec<String>),
    #[error(
        "with the segments it names, the expression has {nodes} conditions, {depth} deep, of which \
         {lookups} look up behaviour, tags, lists or consent; at most {MAX_NODES}, {MAX_DEPTH} and \
         {MAX_LOOKUPS} are allowed, so name fewer segments"
    )]
    TooLarge { nodes: usize, depth: usize, lookups: usize },
}

impl Condition {
    /// The names of the segments it names.
    pub fn segments(&self) -> Vec<&str> {
        match self {
            Self::InSegment(name) => vec![name],
            other => other.parts().iter().flat_map(Self::segments).collect(),
        }
    }

    /// The same, with what `definitions` say in the place of every segment it names. `name` is what
    /// it is called itself, if it has a name.
    ///
    /// # Errors
    /// [`Unresolved`], for the first that does not fit.
    pub fn resolved(
        &self,
        name: Option<&str>,
        definitions: &Definitions,
    ) -> Result<Self, Unresolved> {
        let mut path: Vec<String> = name.map(str::to_owned).into_iter().collect();
        let mut nodes = 0;
        let whole = self.inlined(definitions, &mut path, &mut nodes)?;
        let weight = whole.weight();
        let fits = weight.depth <= MAX_DEPTH && weight.lookups <= MAX_LOOKUPS;
        if fits && weight.nodes <= MAX_NODES {
            Ok(whole)
        } else {
            let (nodes, depth, lookups) = (weight.nodes, weight.depth, weight.lookups);
            Err(Unresolved::TooLarge { nodes, depth, lookups })
        }
    }

    /// `nodes` counts on the way, so that segments that multiply stop early.
    fn inlined(
        &self,
        definitions: &Definitions,
        path: &mut Vec<String>,
        nodes: &mut usize,
    ) -> Result<Self, Unresolved> {
        *nodes += 1;
        if *nodes > 2 * MAX_NODES {
            return Err(Unresolved::TooLarge { nodes: *nodes, depth: path.len(), lookups: 0 });
        }
        let mut each = |parts: &[Self], path: &mut Vec<String>| {
            parts
                .iter()
                .map(|part| part.inlined(definitions, path, nodes))
                .collect::<Result<Vec<_>, _>>()
        };
        match self {
            Self::All(parts) => Ok(Self::all(each(parts, path)?)),
            Self::Any(parts) => Ok(Self::any(each(parts, path)?)),
            Self::Not(inner) => Ok(inner.inlined(definitions, path, nodes)?.opposite()),
            Self::InSegment(name) => {
                let again = path.contains(name);
                path.push(name.clone());
                if again {
                    return Err(Unresolved::Circle(std::mem::take(path)));
                }
                if path.len() > MAX_SEGMENT_DEPTH {
                    return Err(Unresolved::TooDeep(std::mem::take(path)));
                }
                let definition =
                    definitions.get(name).ok_or_else(|| Unresolved::Missing(name.clone()))?;
                let inner = definition.inlined(definitions, path, nodes)?;
                path.pop();
                Ok(inner)
            }
            other => Ok(other.clone()),
        }
    }
}
