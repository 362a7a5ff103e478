//! `frontier contact unsubscribe`.

use crate::api::LinkBody;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::client::Client;

/// Unsubscribe whoever the link of a mail was made for
///
/// They leave the lists the mail was for. Who is on none of them, or may have got it for a segment
/// too, is suppressed: nothing is sent to them any more. For a page of your own behind the links, and
/// for links that people send back. To unsubscribe a contact you name, use
/// `frontier list unsubscribe`.
#[derive(clap::Args, Debug)]
pub struct UnsubscribeArgs {
    /// The whole link of the mail, or the token at its end
    link: String,
}

impl UnsubscribeArgs {
    pub(super) async fn run(
        self,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let left = client.unsubscribe_by_link(&LinkBody { link: self.link }).await?;
        output.show(&left, |out| left.lists.iter().try_for_each(|list| writeln!(out, "{list}")))?;
        if left.test {
            output.note("The mail was a test: nothing was changed.");
            return Ok(());
        }
        output.note(match left.lists.len() {
            0 => "They are on no list that the mail was for.".to_owned(),
            1 => "They are unsubscribed from 1 list.".to_owned(),
            some => format!("They are unsubscribed from {some} lists."),
        });
        if left.suppressed {
            output.note("Nothing is sent to their address any more.");
        }
        Ok(())
    }
}
