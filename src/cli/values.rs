//! How values are written on the command line, and the files they name.

use std::path::Path;

use super::error::CommandError;
use super::exit::Exit;
use crate::api::{MailboxBody, MoneyBody};

/// The largest body read from a file, in bytes.
const BODY_LIMIT: u64 = 1024 * 1024;

/// `1200.00 EUR`
pub(super) fn money(text: &str) -> Result<MoneyBody, String> {
    match text.split_once(' ') {
        Some((amount, currency)) => {
            Ok(MoneyBody { amount: amount.to_owned(), currency: currency.to_owned() })
        }
        None => Err("write an amount and a currency, as `1200.00 EUR`".to_owned()),
    }
}

/// `KEY=VALUE`
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

/// `ana@shop.example` or `Ana <ana@shop.example>`
pub(super) fn mailbox(text: &str) -> Result<MailboxBody, String> {
    let address = |email: &str| {
        let email = email.trim();
        if email.contains('@') { Ok(email.to_owned()) } else { Err(format!("`{email}` has no @")) }
    };
    match text.trim().strip_suffix('>').and_then(|text| text.split_once('<')) {
        Some((name, email)) => {
            let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
            Ok(MailboxBody { name, email: address(email)? })
        }
        None => Ok(MailboxBody { name: None, email: address(text)? }),
    }
}

/// Reads a body; its format is told by how the file is called.
pub(super) fn read_body(path: &Path) -> Result<(String, String), CommandError> {
    let shown = path.display();
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("md" | "markdown" | "txt") => "markdown",
        Some("html" | "htm") => "html",
        Some("mjml") => "mjml",
        _ => {
            return Err(CommandError::usage(format!(
                "{shown} is not called .md, .html or .mjml, so its format is unknown"
            )));
        }
    };
    let unreadable = |why: &dyn std::fmt::Display| {
        CommandError::failed(format!("{shown} cannot be read: {why}"))
    };
    let size = path.metadata().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            CommandError::new(Exit::NotFound, format!("there is no file {shown}"))
        }
        _ => unreadable(&error),
    })?;
    let size = size.len();
    if size > BODY_LIMIT {
        return Err(unreadable(&"it is larger than 1 MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    Ok((format.to_owned(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_written_as_in_a_mail() {
        let ana = mailbox("Ana Núñez <ana@shop.example>").unwrap();
        assert_eq!(
            (ana.name.as_deref(), ana.email.as_str()),
            (Some("Ana Núñez"), "ana@shop.example")
        );
        assert_eq!(mailbox(" ana@shop.example ").unwrap().name, None);
        assert!(mailbox("Ana").is_err());
    }

    #[test]
    fn the_format_of_a_body_is_in_its_name() {
        let error = read_body(Path::new("letter.docx")).unwrap_err();
        assert_eq!(
            error.message,
            "letter.docx is not called .md, .html or .mjml, so its format is unknown"
        );
        let error = read_body(Path::new("nowhere.md")).unwrap_err();
        assert_eq!(error.message, "there is no file nowhere.md");
        assert_eq!(error.exit, Exit::NotFound);
    }
}
