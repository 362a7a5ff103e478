//! What a server says it can do.

use super::reply::Reply;

/// What a server offers in its answer to EHLO.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    /// Commands may be sent before the ones before are answered (RFC 2920).
    pub(super) pipelining: bool,
    /// BDAT, by which a mail travels as it is (RFC 3030).
    pub(super) chunking: bool,
    pub(super) eight_bit: bool,
    pub(super) smtputf8: bool,
    pub(super) starttls: bool,
    pub(super) plain: bool,
    pub(super) login: bool,
    /// The largest mail it takes, in bytes, when it says so.
    pub(super) size: Option<u64>,
}

impl Extensions {
    pub(super) fn of(reply: &Reply) -> Self {
        let mut offered = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default() {
                "PIPELINING" => offered.pipelining = true,
                "CHUNKING" => offered.chunking = true,
                "8BITMIME" => offered.eight_bit = true,
                "SMTPUTF8" => offered.smtputf8 = true,
                "STARTTLS" => offered.starttls = true,
                // nought is no limit (RFC 1870)
                "SIZE" => {
                    let size = words.next().and_then(|size| size.parse().ok());
                    offered.size = size.filter(|size| *size > 0);
                }
                // some old servers write `AUTH=LOGIN`
                word if word.starts_with("AUTH") => {
                    let first = word.strip_prefix("AUTH=").unwrap_or_default();
                    for mechanism in std::iter::once(first).chain(words) {
                        offered.plain |= mechanism == "PLAIN";
                        offered.login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(lines: &[&str]) -> Extensions {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Extensions::of(&Reply { code: 250, lines })
    }

    #[test]
    fn what_is_offered_is_read_in_any_case() {
        let all = offered(&[
            "mx",
            "Pipelining",
            "CHUNKING",
            "8bitmime",
            "SMTPUTF8",
            "STARTTLS",
            "SIZE 1000",
            "AUTH CRAM-MD5 PLAIN",
            "AUTH=LOGIN",
            "X-OTHER",
        ]);
        let expected = Extensions {
            pipelining: true,
            chunking: true,
            eight_bit: true,
            smtputf8: true,
            starttls: true,
            plain: true,
            login: true,
            size: Some(1000),
        };
        assert_eq!(all, expected);
    }

    #[test]
    fn a_name_is_no_offer_and_no_size_is_no_limit() {
        assert_eq!(offered(&["PIPELINING", "SIZE 0", "", "SIZES 12"]), Extensions::default());
        assert_eq!(offered(&["mx", "SIZE", "SIZE banana"]), Extensions::default());
    }
}
