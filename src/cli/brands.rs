//! `frontier brand`: how a company speaks, and what it never says.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::error::CommandError;
use super::output::{Column, Output, column};
use super::values::pair;
use crate::api::{BrandBody, NewBrandBody};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum BrandCommand {
    Create(CreateArgs),
    List(ListArgs),
    /// Show a brand
    Show(NamedArgs),
    Edit(EditArgs),
    /// Delete a brand
    Delete(NamedArgs),
}

/// Create a brand
///
/// A campaign is of the brand that its label `brand` names, or of the only one there is; `validate`
/// and `plan` warn of words in it that the brand avoids.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// Name, which no two brands share
    name: String,
    #[command(flatten)]
    profile: ProfileArgs,
}

/// Change a brand: what is given takes the place of what was
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Name or id of the brand, or the start of one
    brand: String,
    #[command(flatten)]
    profile: ProfileArgs,
}

/// What can be said of a brand.
#[derive(Args, Debug)]
struct ProfileArgs {
    /// How it speaks, for whoever writes
    #[arg(long)]
    voice: Option<String>,
    /// A word it likes; give it again for more
    #[arg(long = "use", value_name = "WORD")]
    words_to_use: Vec<String>,
    /// A word it never says; give it again for more
    #[arg(long = "avoid", value_name = "WORD")]
    words_to_avoid: Vec<String>,
    /// A language, as es or pt-BR; give it again for more
    #[arg(long = "language", value_name = "TAG")]
    languages: Vec<String>,
    /// A colour, as `primary=#2f6f4e`; give it again for more
    #[arg(long = "color", value_name = "NAME=COLOR", value_parser = pair)]
    colors: Vec<(String, String)>,
    /// Where its logo is
    #[arg(long, value_name = "URL")]
    logo: Option<String>,
    /// A link, as `shop=https://casaverde.example`; give it again for more
    #[arg(long = "link", value_name = "NAME=URL", value_parser = pair)]
    links: Vec<(String, String)>,
}

/// Show the brands there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// One brand.
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the brand, or the start of one
    brand: String,
}

const COLUMNS: &[Column<BrandBody>] = &[
    column("name", |one| one.brand.name.clone()),
    column("languages", |one| one.brand.languages.join(", ")),
    column("avoids", |one| one.brand.words_to_avoid.join(", ")),
];

impl BrandCommand {
    pub async fn run(
        self,
        client: &Client,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => {
                let mut new = NewBrandBody { name: args.name, ..NewBrandBody::default() };
                args.profile.put_into(&mut new);
                let brand = client.create_brand(&new).await?;
                output.show(&brand, |out| writeln!(out, "{}", brand.brand.name))?;
                output.note(format_args!("Created the brand `{}`.", brand.brand.name));
            }
            Self::List(args) => {
                let brands = client.brands(args.limit).await?;
                let none = "No brands; `frontier brand create NAME --avoid WORD` makes one.";
                output.listing(&brands, COLUMNS, none)?;
            }
            Self::Show(args) => {
                let brand = client.get_brand(&args.brand).await?;
                output.show(&brand, |out| describe(&brand.brand, out))?;
            }
            Self::Edit(args) => {
                let mut brand = client.get_brand(&args.brand).await?;
                args.profile.put_into(&mut brand.brand);
                let brand = client.replace_brand(&brand.id, &brand.brand).await?;
                output.show(&brand, |out| writeln!(out, "{}", brand.brand.name))?;
                output.note(format_args!("Changed the brand `{}`.", brand.brand.name));
            }
            Self::Delete(args) => {
                let brand = client.get_brand(&args.brand).await?;
                let name = &brand.brand.name;
                confirm.ask(&format!("Delete the brand `{name}`?"), output).await?;
                client.delete_brand(&brand.id).await?;
                output.note(format_args!("Deleted the brand `{name}`."));
            }
        }
        Ok(())
    }
}

impl ProfileArgs {
    fn put_into(self, brand: &mut NewBrandBody) {
        brand.voice = self.voice.or(brand.voice.take());
        brand.logo = self.logo.or(brand.logo.take());
        let lists = [
            (self.words_to_use, &mut brand.words_to_use),
            (self.words_to_avoid, &mut brand.words_to_avoid),
            (self.languages, &mut brand.languages),
        ];
        for (given, list) in lists {
            if !given.is_empty() {
                *list = given;
            }
        }
        for (given, map) in [(self.colors, &mut brand.colors), (self.links, &mut brand.links)] {
            if !given.is_empty() {
                *map = given.into_iter().collect();
            }
        }
    }
}

/// A line for each thing that is said.
fn describe(brand: &NewBrandBody, out: &mut dyn Write) -> io::Result<()> {
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    let lines = [
        ("name", brand.name.clone()),
        ("voice", brand.voice.clone().unwrap_or_default()),
        ("uses", brand.words_to_use.join(", ")),
        ("avoids", brand.words_to_avoid.join(", ")),
        ("languages", brand.languages.join(", ")),
        ("colors", pairs(&brand.colors)),
        ("logo", brand.logo.clone().unwrap_or_default()),
        ("links", pairs(&brand.links)),
    ];
    for (what, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{what:<10} {value}")?;
    }
    Ok(())
}
