//! `frontier channel dns`: what to publish.

use std::io::{self, Write};

use clap::Args;

use crate::api::DnsBody;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::client::Client;

/// Say what the channel's domains should publish
///
/// These are TXT records for SPF, DKIM (the public halves of its keys) and DMARC, and the MX of its
/// return path. Where a provider sends your mails, it names the `include:` that stands in SPF instead of
/// the server. A domain has one SPF record: put what is new into the one that is there.
#[derive(Args, Debug)]
pub struct DnsArgs {
    /// Name or id of the channel, or the start of one
    channel: String,
}

impl DnsArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let dns = client.channel_dns(&self.channel).await?;
        output.show(&dns, |out| records(&dns, out))?;
        for warning in &dns.warnings {
            output.note(format_args!("warning: {warning}"));
        }
        Ok(())
    }
}

fn records(dns: &DnsBody, out: &mut dyn Write) -> io::Result<()> {
    let width = dns.records.iter().map(|record| record.name.len()).max().unwrap_or_default();
    for record in &dns.records {
        let value = record.value.as_deref().unwrap_or("the server that takes its mail");
        writeln!(out, "{:width$}  {:3}  {value}", record.name, record.kind)?;
    }
    Ok(())
}
