//! `frontier channel`: ways out, with their credentials by reference.

mod dkim_key;
mod dns;
mod limits;
mod signing;

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};

use self::limits::LimitArgs;
use super::confirm::Confirm;
use dkim_key::DkimKeyArgs;
use dns::DnsArgs;

use super::error::CommandError;
use super::host::Host;
use super::output::{Column, Output, column};
use super::values::mailbox;
use crate::api::{
    ChannelBody, DkimBody, MailboxBody, NewChannelBody, PasswordBody, SmtpBody, UnsubscribeBody,
};
use crate::client::Client;

#[derive(Subcommand, Debug)]
pub enum ChannelCommand {
    Create(CreateArgs),
    List(ListArgs),
    /// Show a channel
    Show(NamedArgs),
    Edit(EditArgs),
    DkimKey(DkimKeyArgs),
    Dns(DnsArgs),
    /// Delete a channel that no campaign uses
    Delete(NamedArgs),
}

/// Create a channel
///
/// With --host it gives mails to that SMTP server; without, it writes them to files.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// Name, which no two channels share
    name: String,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Change some settings of a channel
#[derive(Args, Debug)]
pub struct EditArgs {
    /// Name or id of the channel, or the start of one
    channel: String,
    #[command(flatten)]
    settings: SettingArgs,
}

/// What a channel can be told.
#[derive(Args, Debug)]
struct SettingArgs {
    /// Who its mails are from, as `Ana <ana@shop.example>`
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox)]
    from: Option<MailboxBody>,
    /// Where answers go
    #[arg(long, value_name = "ADDRESS")]
    reply_to: Option<String>,
    /// Where mails that cannot be delivered come back to
    ///
    /// Each mail adds its own token to it, as in `bounces+TOKEN@shop.example`, so the server of that
    /// domain has to take what is sent to `bounces+ANYTHING`.
    #[arg(long, value_name = "ADDRESS")]
    return_path: Option<String>,
    /// The https page where readers unsubscribe
    #[arg(long, value_name = "URL")]
    unsubscribe_url: Option<String>,
    /// The address that unsubscribes whoever writes to it
    #[arg(long, value_name = "ADDRESS")]
    unsubscribe_email: Option<String>,
    /// A key to sign with, as `selector=s1,key-file=PEM[,domain=D]`
    ///
    /// Repeat it for several signatures; together they take the place of those there were. The key is
    /// RSA of at least 2048 bits or Ed25519, in PEM, in a file or (`key-env=NAME`) in a variable of
    /// the process that sends. The domain is the sender's, unless it is given.
    #[arg(long, value_name = "SIGNATURE", value_parser = signing::signature, help_heading = "DKIM")]
    dkim: Vec<DkimBody>,
    /// Sign no mails any more
    #[arg(long, conflicts_with = "dkim", help_heading = "DKIM")]
    no_dkim: bool,
    /// The SMTP server
    #[arg(long, help_heading = "SMTP")]
    host: Option<String>,
    /// Its port [default: 587 for starttls, 465 for tls, 25 for none]
    #[arg(long, help_heading = "SMTP")]
    port: Option<u16>,
    /// How the connection is protected [default: starttls]
    #[arg(long, value_enum, help_heading = "SMTP")]
    tls: Option<TlsArg>,
    /// The user name to sign in with
    #[arg(long, help_heading = "SMTP")]
    username: Option<String>,
    /// The variable that holds the password
    #[arg(long, value_name = "NAME", conflicts_with = "password_file", help_heading = "SMTP")]
    password_env: Option<String>,
    /// The file that holds the password
    #[arg(long, value_name = "FILE", help_heading = "SMTP")]
    password_file: Option<String>,
    /// Connections kept open at most [default: 8]
    #[arg(long, value_name = "NUMBER", help_heading = "SMTP")]
    connections: Option<u8>,
    /// How long any one step may take, in seconds [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "SMTP")]
    timeout: Option<u16>,
    /// Certificates (PEM) to trust besides the system's
    #[arg(long, value_name = "FILE", help_heading = "SMTP")]
    ca_file: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TlsArg {
    /// After a greeting in the clear
    Starttls,
    /// At once
    Tls,
    /// Never: only for a server on this machine
    None,
}

/// Show the channels there are
#[derive(Args, Debug)]
pub struct ListArgs {
    /// How many rows at the most
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

/// One channel.
#[derive(Args, Debug)]
pub struct NamedArgs {
    /// Name or id of the channel, or the start of one
    channel: String,
}

const COLUMNS: &[Column<ChannelBody>] = &[
    column("name", |one| one.channel.name.clone()),
    column("kind", |one| one.channel.kind.clone()),
    column("server", |one| {
        one.channel.smtp.as_ref().map_or_else(String::new, |smtp| {
            format!("{}:{}", smtp.host, smtp.port.unwrap_or_default())
        })
    }),
    column("from", |one| {
        one.channel.from.as_ref().map_or_else(String::new, |from| from.email.clone())
    }),
];

impl ChannelCommand {
    pub async fn run(
        self,
        client: &Client,
        host: &dyn Host,
        confirm: Confirm,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        match self {
            Self::DkimKey(args) => args.run(client, host, output).await?,
            Self::Dns(args) => args.run(client, output).await?,
            Self::Create(args) => {
                let mut new = NewChannelBody { name: args.name, ..NewChannelBody::outbox() };
                args.settings.apply(&mut new)?;
                let channel = client.create_channel(&new).await?;
                output.show(&channel, |out| writeln!(out, "{}", channel.channel.name))?;
                output.note(format_args!("Created the channel `{}`.", channel.channel.name));
            }
            Self::List(args) => {
                let channels = client.channels(args.limit).await?;
                let none = "No channels: mails become files. `frontier channel create NAME --host \
                            SERVER` makes one.";
                output.listing(&channels, COLUMNS, none)?;
            }
            Self::Show(args) => {
                let channel = client.get_channel(&args.channel).await?;
                output.show(&channel, |out| describe(&channel, out))?;
            }
            Self::Edit(args) => {
                let mut channel = client.get_channel(&args.channel).await?;
                args.settings.apply(&mut channel.channel)?;
                let channel = client.replace_channel(&channel.id, &channel.channel).await?;
                output.show(&channel, |out| writeln!(out, "{}", channel.channel.name))?;
                output.note(format_args!("Changed the channel `{}`.", channel.channel.name));
            }
            Self::Delete(args) => {
                let channel = client.get_channel(&args.channel).await?;
                let name = &channel.channel.name;
                confirm.ask(&format!("Delete the channel `{name}`?"), output).await?;
                client.delete_channel(&channel.id).await?;
                output.note(format_args!("Deleted the channel `{name}`."));
            }
        }
        Ok(())
    }
}

impl SettingArgs {
    /// Puts what was given into `channel`; the rest stays.
    fn apply(self, channel: &mut NewChannelBody) -> Result<(), CommandError> {
        self.limits.apply(&mut channel.limits)?;
        channel.from = self.from.or(channel.from.take());
        channel.reply_to = self.reply_to.or(channel.reply_to.take());
        channel.return_path = self.return_path.or(channel.return_path.take());
        if self.unsubscribe_url.is_some() || self.unsubscribe_email.is_some() {
            let old = channel.unsubscribe.take();
            let (url, email) = old.map_or((None, None), |ways| (ways.url, ways.email));
            channel.unsubscribe = Some(UnsubscribeBody {
                url: self.unsubscribe_url.or(url),
                email: self.unsubscribe_email.or(email),
            });
        }
        if self.no_dkim || !self.dkim.is_empty() {
            channel.dkim = self.dkim;
        }
        if let Some(host) = self.host {
            "smtp".clone_into(&mut channel.kind);
            channel.smtp = Some(SmtpBody { host, ..channel.smtp.take().unwrap_or_default() });
        }
        let password = match (self.password_env, self.password_file) {
            (Some(name), _) => Some(PasswordBody::Env(name)),
            (None, Some(path)) => Some(PasswordBody::File(path)),
            (None, None) => None,
        };
        let tls = self.tls.map(|tls| {
            let word = match tls {
                TlsArg::Starttls => "starttls",
                TlsArg::Tls => "tls",
                TlsArg::None => "none",
            };
            word.to_owned()
        });
        let given = self.port.is_some()
            || tls.is_some()
            || self.username.is_some()
            || password.is_some()
            || self.connections.is_some()
            || self.timeout.is_some()
            || self.ca_file.is_some();
        let Some(smtp) = &mut channel.smtp else {
            return if given {
                Err(CommandError::usage("settings of a server were given without --host"))
            } else {
                Ok(())
            };
        };
        // The port follows the protection, unless it is given too.
        smtp.port = self.port.or(if tls.is_some() { None } else { smtp.port });
        smtp.tls = tls.or(smtp.tls.take());
        smtp.username = self.username.or(smtp.username.take());
        smtp.password = password.or(smtp.password.take());
        smtp.connections = self.connections.or(smtp.connections);
        smtp.timeout_seconds = self.timeout.or(smtp.timeout_seconds);
        smtp.ca_file = self.ca_file.or(smtp.ca_file.take());
        Ok(())
    }
}

fn describe(channel: &ChannelBody, out: &mut dyn Write) -> io::Result<()> {
    let fields = &channel.channel;
    writeln!(out, "{}  ({})", fields.name, channel.id)?;
    writeln!(out, "kind         {}", fields.kind)?;
    if let Some(from) = &fields.from {
        let name = from.name.as_ref().map_or_else(String::new, |name| format!("{name} "));
        writeln!(out, "from         {name}<{}>", from.email)?;
    }
    if let Some(reply_to) = &fields.reply_to {
        writeln!(out, "reply to     {reply_to}")?;
    }
    if let Some(ways) = &fields.unsubscribe {
        for way in [&ways.url, &ways.email].into_iter().flatten() {
            writeln!(out, "unsubscribe  {way}")?;
        }
    }
    if let Some(return_path) = &fields.return_path {
        writeln!(out, "return path  {return_path}")?;
    }
    for signature in &fields.dkim {
        writeln!(out, "signed by    {}", signing::described(signature))?;
    }
    if let Some(smtp) = &fields.smtp {
        let tls = smtp.tls.as_deref().unwrap_or_default();
        writeln!(out, "server       {}:{} ({tls})", smtp.host, smtp.port.unwrap_or_default())?;
        if let Some(username) = &smtp.username {
            let place = match &smtp.password {
                Some(PasswordBody::Env(name)) => format!(", password in the variable {name}"),
                Some(PasswordBody::File(path)) => format!(", password in the file {path}"),
                None => String::new(),
            };
            writeln!(out, "sign-in      {username}{place}")?;
        }
        writeln!(out, "connections  {}", smtp.connections.unwrap_or_default())?;
        writeln!(out, "timeout      {} s", smtp.timeout_seconds.unwrap_or_default())?;
        if let Some(file) = &smtp.ca_file {
            writeln!(out, "trusts       {file}")?;
        }
    }
    limits::describe(&fields.limits, out)
}
