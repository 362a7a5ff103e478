//! `frontier schema`: what an editor needs to complete and check manifests.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::api::{manifest_kinds, manifest_schema};
use crate::cli::error::CommandError;
use crate::cli::output::Output;

/// Print the JSON Schema of manifests, for editors
///
/// Save it beside the manifests and begin each with
/// `# yaml-language-server: $schema=frontier.schema.json`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier schema > frontier.schema.json
  frontier schema campaign --jq '.properties.spec.properties | keys'")]
pub struct SchemaArgs {
    /// Only this kind
    #[arg(value_parser = PossibleValuesParser::new(manifest_kinds()), ignore_case = true)]
    kind: Option<String>,
}

impl SchemaArgs {
    pub(crate) fn run(self, output: &mut Output<'_>) -> Result<(), CommandError> {
        let schema = manifest_schema(self.kind.as_deref());
        // Only kinds there are come through the parser.
        let schema = schema.ok_or_else(|| CommandError::usage("there is no such kind"))?;
        output.json(&schema)
    }
}
