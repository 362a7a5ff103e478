//! `frontier template`: bodies and layouts that messages refer to by name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::confirm::Confirm;
use super::error::CommandError;
use super::output::{Column, Output, column};
use super::values::read_body;
use crate::api::{NewTemplateBody, TemplateBody};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum TemplateCommand {
    Create(CreateArgs),
    List(ListArgs),
    /// Show a template's body
    Show(NamedArgs),
    Edit(EditArgs),
    /// Delete a template that nothing uses
    Delete(NamedArgs),
}

/// Create a template from a file (.md, .html or .mjml) or from a starter
///
/// Starters are layouts that come with the program; `frontier starter list` shows them.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("source").required(true))]
pub struct CreateArgs {
    /// Name, which no two templates share
    name: String,
    /// The file of its body
    #[arg(long, value_name = "FILE", group = "source")]
    body: Option<PathBuf>,
    /// The starter it begins as
    #[arg(long, value_name = "STARTER", group = "source")]
    starter: Option<String>,
    /// The starter's language: en or es
    #[arg(long, value_name = "TAG", default_value = "en", conflicts_with = "body")]
    language: String,
    /// The template it is put into, at its `{{ content }}`
    #[arg(long, value_name = "TEMPLATE")]
    layout: Option<String>,
}

/// Give a template another body or layout
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Name or id of the template, or the start of one
    template: String,
    /// The file of its body
    #[arg(long, value_name = "FILE", required_unless_present = "layout")]
    body: Option<PathBuf>,
    /// The template it is put into, at its `{{ content }}`
    #[arg(long, value_name = "TEMPLATE")]
    layout: Option<String>,
}

/// Show the templates there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// One template.
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the template, or the start of one
    template: String,
}

const COLUMNS: &[Column<TemplateBody>] = &[
    column("name", |one| one.template.name.clone()),
    column("format", |one| one.template.format.clone()),
    column("layout", |one| one.template.layout.clone().unwrap_or_default()),
    column("lines", |one| one.template.body.lines().count().to_string()),
];

impl TemplateCommand {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => {
                let (format, body) = match (&args.body, &args.starter) {
                    (Some(path), _) => read_body(path)?,
                    (None, starter) => {
                        let starter = starter.as_deref().unwrap_or_default();
                        let starter = client.get_starter(starter, &args.language).await?;
                        (starter.format, starter.body)
                    }
                };
                let (name, layout, labels) = (args.name, args.layout, BTreeMap::new());
                let new = NewTemplateBody { name, labels, format, layout, body };
                let template = client.create_template(&new).await?;
                output.show(&template, |out| writeln!(out, "{}", template.template.name))?;
                output.note(format_args!("Created the template `{}`.", template.template.name));
            }
            Self::List(args) => {
                let templates = client.templates(args.limit).await?;
                let none = "No templates; `frontier template create NAME --body FILE` makes one, \
                            `--starter` too.";
                output.listing(&templates, COLUMNS, none)?;
            }
            Self::Show(args) => {
                let template = client.get_template(&args.template).await?;
                output.show(&template, |out| write!(out, "{}", template.template.body))?;
            }
            Self::Edit(args) => {
                let mut template = client.get_template(&args.template).await?;
                if let Some(path) = &args.body {
                    let (format, body) = read_body(path)?;
                    template.template.format = format;
                    template.template.body = body;
                }
                template.template.layout = args.layout.or(template.template.layout);
                let template = client.replace_template(&template.id, &template.template).await?;
                output.show(&template, |out| writeln!(out, "{}", template.template.name))?;
                output.note(format_args!("Changed the template `{}`.", template.template.name));
            }
            Self::Delete(args) => {
                let template = client.get_template(&args.template).await?;
                let name = &template.template.name;
                confirm.ask(&format!("Delete the template `{name}`?"), output).await?;
                client.delete_template(&template.id).await?;
                output.note(format_args!("Deleted the template `{name}`."));
            }
        }
        Ok(())
    }
}
