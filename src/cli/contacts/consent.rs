//! `frontier contact consent`: what a contact agreed to, and no longer agrees to.

use clap::{Args, Subcommand};

use crate::api::{ConsentBody, ConsentStateBody, NewConsentBody};
use crate::cli::error::CommandError;
use crate::cli::output::{Column, Output, column};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ConsentCommand {
    Add(AddArgs),
    Withdraw(WithdrawArgs),
    List(ListArgs),
}

/// Record that a contact agreed to a purpose
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier contact consent add ana@example.com newsletter --source 'web form'
  frontier contact consent add ana@example.com newsletter --source fair \\
      --proof 'card 117' --at 2026-03-01T10:00:00Z
  frontier contact list --where \"consented('newsletter')\"")]
pub struct AddArgs {
    /// Address or id of the contact, or the start of its id
    contact: String,
    /// What for, as newsletter
    purpose: String,
    /// Who told you: a form, a fair, a letter
    #[arg(long, value_name = "TEXT")]
    source: String,
    #[command(flatten)]
    details: Details,
}

/// Record that a contact no longer agrees to a purpose
#[derive(Args, Debug)]
pub struct WithdrawArgs {
    /// Address or id of the contact, or the start of its id
    contact: String,
    /// What for, as newsletter
    purpose: String,
    /// Who told you
    #[arg(long, value_name = "TEXT", default_value = "manual")]
    source: String,
    #[command(flatten)]
    details: Details,
}

#[derive(Args, Debug)]
struct Details {
    /// What shows it: the text they agreed to, a link
    #[arg(long, value_name = "TEXT")]
    proof: Option<String>,
    /// Since when, as 2026-03-01T09:00:00Z; now when it is not said
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Show the records of consent of a contact, oldest first
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Address or id of the contact, or the start of its id
    contact: String,
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

const COLUMNS: &[Column<ConsentBody>] = &[
    column("purpose", |consent| consent.purpose.clone()),
    column("state", |consent| state_word(consent.state).to_owned()),
    column("since", |consent| consent.recorded_at.clone()),
    column("source", |consent| consent.source.clone()),
    column("proof", |consent| consent.proof.clone().unwrap_or_default()),
];

/// The word for whether a contact agrees.
pub(super) const fn state_word(state: ConsentStateBody) -> &'static str {
    match state {
        ConsentStateBody::Granted => "granted",
        ConsentStateBody::Withdrawn => "withdrawn",
    }
}

impl ConsentCommand {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let (contact, new) = match self {
            Self::List(args) => {
                let consents = client.consents(&args.contact, args.limit).await?;
                return output.listing(&consents, COLUMNS, "No consent is recorded of them.");
            }
            Self::Add(AddArgs { contact, purpose, source, details: Details { proof, at } }) => {
                let state = ConsentStateBody::Granted;
                (contact, NewConsentBody { purpose, state, source, proof, at })
            }
            Self::Withdraw(WithdrawArgs { contact, purpose, source, details }) => {
                let (Details { proof, at }, state) = (details, ConsentStateBody::Withdrawn);
                (contact, NewConsentBody { purpose, state, source, proof, at })
            }
        };
        let consent = client.record_consent(&contact, &new).await?;
        output.show(&consent, |out| writeln!(out, "{}", consent.purpose))?;
        output.note(format_args!(
            "Consent to `{}` is {} since {}.",
            consent.purpose,
            state_word(consent.state),
            consent.recorded_at
        ));
        Ok(())
    }
}
