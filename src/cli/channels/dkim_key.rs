//! `frontier channel dkim-key`: a new private key.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::error::CommandError;
use crate::cli::host::Host;
use crate::cli::output::Output;
use crate::client::Client;

/// Make a private key to sign a channel's mails with
///
/// It is an Ed25519 key (PKCS#8, PEM), in a new file that only you may read; a file that is there stays
/// as it is. Publish the record that is printed, then sign with the key: `frontier channel edit NAME
/// --dkim selector=S,key-file=FILE`. Some receivers know RSA alone; make such a key too, with `openssl
/// genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out FILE`, and sign with both.
#[derive(Args, Debug)]
pub struct DkimKeyArgs {
    /// Name or id of the channel, or the start of one
    channel: String,
    /// The name to publish the key by, as `s1`
    #[arg(long, value_name = "NAME")]
    selector: String,
    /// The file to make
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// A key that was made, and the record to publish.
#[derive(Serialize)]
struct NewKey {
    file: PathBuf,
    /// The name of the record, below the sender's domain when no sender is known.
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

impl DkimKeyArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        host: &dyn Host,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let Self { channel, selector, out } = self;
        let channel = client.get_channel(&channel).await?.channel;
        let value = host.make_signing_key(&out)?;
        let sender = channel.from.as_ref().and_then(|from| from.email.rsplit_once('@'));
        let domain = sender.map_or_else(String::new, |(_, domain)| format!(".{domain}"));
        let name = format!("{selector}._domainkey{domain}");
        let key = NewKey { file: out, name, kind: "TXT", value };
        output.show(&key, |out| writeln!(out, "{}  {}  {}", key.name, key.kind, key.value))?;
        output.note(format_args!(
            "Made the key {file}. Publish the record above, then sign with it:\n  frontier channel \
             edit '{}' --dkim selector={selector},key-file={file}",
            channel.name,
            file = std::path::absolute(&key.file).unwrap_or_else(|_| key.file.clone()).display(),
        ));
        Ok(())
    }
}
