//! `--dkim`: the signatures of a channel on the command line.

use crate::api::{DkimBody, PasswordBody};

/// `selector=s1,key-file=dkim.pem`, with `domain=…` when it is another than the sender's.
pub(super) fn signature(text: &str) -> Result<DkimBody, String> {
    let (mut selector, mut domain, mut key) = (None, None, None);
    for part in text.split(',') {
        let Some((name, value)) = part.split_once('=').filter(|(_, value)| !value.is_empty())
        else {
            return Err(format!("`{part}` is no NAME=VALUE; write selector=s1,key-file=dkim.pem"));
        };
        let before = match name.trim() {
            "selector" => selector.replace(value.to_owned()).is_some(),
            "domain" => domain.replace(value.to_owned()).is_some(),
            "key-file" => key.replace(PasswordBody::File(value.to_owned())).is_some(),
            "key-env" => key.replace(PasswordBody::Env(value.to_owned())).is_some(),
            other => {
                return Err(format!("`{other}` is none of selector, domain, key-file, key-env"));
            }
        };
        if before {
            return Err(format!("`{name}` is there twice, or two places of one key are"));
        }
    }
    let selector = selector.ok_or("selector=NAME is missing, the name the key is published by")?;
    let key = key.ok_or("key-file=FILE or key-env=NAME is missing, where the private key is")?;
    Ok(DkimBody { domain, selector, key })
}

/// A signature, for a reader.
pub(super) fn described(signature: &DkimBody) -> String {
    let DkimBody { domain, selector, key } = signature;
    let domain = domain.as_ref().map_or_else(String::new, |domain| format!(" of {domain}"));
    let place = match key {
        PasswordBody::Env(name) => format!("the variable {name}"),
        PasswordBody::File(path) => format!("the file {path}"),
    };
    format!("{selector}{domain}, key in {place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_a_selector_and_one_place_of_its_key() {
        let both = signature("selector=s1,domain=shop.example,key-file=/etc/dkim.pem").unwrap();
        assert_eq!(described(&both), "s1 of shop.example, key in the file /etc/dkim.pem");
        let short = signature("key-env=DKIM_KEY,selector=s1").unwrap();
        assert_eq!(described(&short), "s1, key in the variable DKIM_KEY");
        let said = |text| signature(text).unwrap_err();
        insta::assert_snapshot!(said("s1"), @"`s1` is no NAME=VALUE; write selector=s1,key-file=dkim.pem");
        insta::assert_snapshot!(said("selector=s1,key=x"), @"`key` is none of selector, domain, key-file, key-env");
        insta::assert_snapshot!(said("selector=s1"), @"key-file=FILE or key-env=NAME is missing, where the private key is");
        insta::assert_snapshot!(said("key-env=A"), @"selector=NAME is missing, the name the key is published by");
        insta::assert_snapshot!(said("selector=a,key-env=A,key-file=B"), @"`key-file` is there twice, or two places of one key are");
    }
}
