//! `frontier segment`: contacts of whom an expression is true.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::contacts::COLUMNS as CONTACT_COLUMNS;
use super::error::CommandError;
use super::lists::note_added;
use super::output::{Column, Output, column};
use crate::api::{ContactQuery, NewSegmentBody, SegmentBody, SegmentChangeBody, SnapshotBody};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum SegmentCommand {
    Create(CreateArgs),
    List(ListArgs),
    Show(ShowArgs),
    Edit(EditArgs),
    /// Delete a segment; its contacts stay
    Delete(NamedArgs),
    Count(CountArgs),
    Sample(SampleArgs),
    Snapshot(SnapshotArgs),
}

/// Create a segment
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier segment create spain --where \"country = 'ES'\"
  frontier segment create fans --where \"attributes.plan in ('pro', 'team') and
      opened_within('30d') and not tagged('churned')\"

The language is in docs/segments.md: fields, attributes, behaviour, tags, lists, other segments.")]
pub struct CreateArgs {
    /// Name, which no two segments share
    name: String,
    /// The expression that is true of its contacts
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: String,
    /// What the segment is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
}

/// Show the segments there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// Show a segment and how many contacts are in it
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Name or id of the segment, or the start of one
    segment: String,
    /// Show the statement that finds its contacts, and what the engine does
    #[arg(long)]
    explain: bool,
}

/// Change a segment
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Name or id of the segment, or the start of one
    segment: String,
    /// Another expression
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,
    /// Another description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// One segment
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the segment, or the start of one
    segment: String,
}

/// Count the contacts of a segment or an expression
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct CountArgs {
    /// Name or id of the segment, or the start of one
    segment: Option<String>,
    /// An expression to try
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,
}

/// Show some contacts of a segment
#[derive(Args, Debug)]
pub struct SampleArgs {
    /// Name or id of the segment, or the start of one
    segment: String,
    /// How many rows at the most
    #[arg(long, default_value_t = 10)]
    limit: usize,
}

/// Put the contacts of a segment on a list, which then stays as it is
#[derive(Args, Debug)]
pub struct SnapshotArgs {
    /// Name or id of the segment, or the start of one
    segment: String,
    /// The list's whole name; it is made when there is none
    #[arg(long, value_name = "LIST")]
    list: String,
}

const COLUMNS: &[Column<SegmentBody>] = &[
    column("name", |segment| segment.name.clone()),
    column("where", |segment| one_line(&segment.r#where)),
    column("description", |segment| segment.description.clone()),
];

impl SegmentCommand {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => {
                let new = NewSegmentBody {
                    name: args.name,
                    description: args.description,
                    r#where: args.expression,
                    labels: BTreeMap::new(),
                };
                let segment = client.create_segment(&new).await?;
                output.show(&segment, |out| writeln!(out, "{}", segment.name))?;
                output.note(format_args!("Created the segment `{}`.", segment.name));
            }
            Self::List(args) => {
                let none = "No segments yet; `frontier segment create NAME --where …` makes one.";
                output.listing(&client.segments(args.limit).await?, COLUMNS, none)?;
            }
            Self::Show(args) if args.explain => explain(&args.segment, client, output).await?,
            Self::Show(args) => {
                let segment = client.get_segment(&args.segment).await?;
                output.show(&segment, |out| show(&segment, out))?;
            }
            Self::Edit(args) => args.run(client, output).await?,
            Self::Delete(args) => {
                let segment = client.get_segment(&args.segment).await?;
                confirm.ask(&format!("Delete the segment `{}`?", segment.name), output).await?;
                client.delete_segment(&segment.id).await?;
                output.note(format_args!("Deleted the segment `{}`.", segment.name));
            }
            Self::Count(args) => {
                let expression = match (args.segment, args.expression) {
                    (Some(segment), _) => client.get_segment(&segment).await?.r#where,
                    (None, expression) => expression.unwrap_or_default(),
                };
                let count = client.count_contacts(&expression).await?;
                output.show(&count, |out| writeln!(out, "{}", count.contacts))?;
            }
            Self::Sample(args) => {
                let segment = client.get_segment(&args.segment).await?;
                let filter =
                    ContactQuery { r#where: Some(segment.r#where), ..ContactQuery::default() };
                let contacts = client.contacts(&filter, args.limit).await?;
                output.listing(&contacts, CONTACT_COLUMNS, "Nobody is in this segment now.")?;
            }
            Self::Snapshot(args) => {
                let snapshot = SnapshotBody { list: args.list };
                let done = client.snapshot_segment(&args.segment, &snapshot).await?;
                output.show(&done, |out| writeln!(out, "{}", done.list.name))?;
                note_added(&done, output);
            }
        }
        Ok(())
    }
}

impl EditArgs {
    async fn run(self, client: &Client, output: &mut Output<'_>) -> Result<(), CommandError> {
        let change = SegmentChangeBody {
            description: self.description,
            r#where: self.expression,
            labels: None,
        };
        if change == SegmentChangeBody::default() {
            return Err(CommandError::usage("there is nothing to change")
                .hint("for example: frontier segment edit spain --where \"country = 'ES'\""));
        }
        let segment = client.update_segment(&self.segment, &change).await?;
        output.show(&segment, |out| writeln!(out, "{}", segment.name))?;
        output.note(format_args!("Changed the segment `{}`.", segment.name));
        Ok(())
    }
}

async fn explain(
    segment: &str,
    client: &Client,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let found = client.explain_segment(segment).await?;
    output.show(&found, |out| {
        writeln!(out, "{}\n", found.sql)?;
        for (at, value) in found.values.iter().enumerate() {
            writeln!(out, "?{} = {value}", at + 1)?;
        }
        writeln!(out)?;
        for line in &found.plan {
            writeln!(out, "{line}")?;
        }
        Ok(())
    })
}

fn show(segment: &SegmentBody, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "{}  ({})", segment.name, segment.id)?;
    if !segment.description.is_empty() {
        writeln!(out, "{}", segment.description)?;
    }
    writeln!(out, "where  {}", one_line(&segment.r#where))?;
    if let Some(contacts) = segment.contacts {
        writeln!(out, "contacts  {contacts}")?;
    }
    writeln!(out, "created  {}", segment.created_at)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
