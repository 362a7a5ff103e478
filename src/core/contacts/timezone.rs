//! Timezones: names of the IANA database, as it writes them.

use super::ContactError;
use crate::core::kernel::wall;

/// The name as the IANA database writes it; empty stays empty.
pub(super) fn timezone_name(text: &str) -> Result<String, ContactError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    Ok(wall::zone(text)?.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timezones_are_kept_in_their_usual_form() {
        assert_eq!(timezone_name("europe/madrid").unwrap(), "Europe/Madrid");
        assert_eq!(timezone_name("America/new york").unwrap(), "America/New_York");
        assert_eq!(
            timezone_name("Europe/Madird").unwrap_err().to_string(),
            "`Europe/Madird` is not a timezone; is it Europe/Madrid?"
        );
    }
}
