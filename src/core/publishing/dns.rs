//! What a channel's domains publish, so that receivers believe its mails: SPF (RFC 7208), DKIM
//! (RFC 6376) and DMARC (RFC 7489), and who takes what comes back.
//!
//! These are proposals where only the domain's owner can know better: which servers send for it, and
//! what becomes of mails that nobody answers for.

use super::channel::{ChannelSettings, RunChannel, Transport};
use super::dkim::{Signer, ascii_domain, is_aligned};
use crate::core::kernel::words;

words! {
    /// What a record is for.
    DnsPurpose {
        /// Which servers send for the domain.
        Spf = "spf",
        /// The public half of a key.
        Dkim = "dkim",
        /// What receivers do with mails that nobody answers for.
        Dmarc = "dmarc",
        /// Which server takes what cannot be delivered.
        ReturnPath = "return_path",
    }
}

/// One record to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    pub purpose: DnsPurpose,
    /// In ASCII, without the dot at the end.
    pub name: String,
    /// The whole of a `TXT` record, however its provider wants it cut; of an `MX`, none is proposed.
    pub value: Option<String>,
}

impl DnsRecord {
    /// The type of the record.
    pub const fn kind(&self) -> &'static str {
        match self.purpose {
            DnsPurpose::ReturnPath => "MX",
            _ => "TXT",
        }
    }
}

/// What to publish for a channel, and what stands against it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsPlan {
    pub records: Vec<DnsRecord>,
    /// Whole sentences.
    pub warnings: Vec<String>,
}

impl DnsPlan {
    /// The records of `channel`, whose keys are `signers`, or cannot be read and why.
    pub fn of(channel: &RunChannel, signers: &Result<Vec<Signer>, String>) -> Self {
        let RunChannel { name, settings } = channel;
        let mut plan = Self::default();
        let Some(sender) = settings.from.as_ref().and_then(|from| domain_of(&from.email)) else {
            plan.warnings.push(format!(
                "Nobody is named as the sender of `{name}`, so its domain is not known. Give it a \
                 `from`, or set sender.email in frontier.yaml."
            ));
            return plan;
        };
        let returned = settings.return_path.as_deref().and_then(domain_of);
        let envelope = returned.clone().unwrap_or_else(|| sender.clone());
        plan.spf(settings, &envelope);
        plan.dkim(name, &sender, signers);
        plan.add(DnsPurpose::Dmarc, format!("_dmarc.{sender}"), Some("v=DMARC1; p=none".into()));
        if let Some(domain) = returned {
            if !is_aligned(&domain, &sender) {
                plan.warnings.push(format!(
                    "The return path is of {domain} and the sender of {sender}: SPF counts for \
                     nothing then, so all hangs on DKIM."
                ));
            }
            plan.add(DnsPurpose::ReturnPath, domain, None);
        }
        plan
    }

    fn add(&mut self, purpose: DnsPurpose, name: String, value: Option<String>) {
        self.records.push(DnsRecord { purpose, name, value });
    }

    fn spf(&mut self, settings: &ChannelSettings, domain: &str) {
        let Transport::Smtp(smtp) = &settings.transport else {
            self.warnings.push(
                "The channel writes files, so which server sends is not known: there is no SPF \
                 record."
                    .to_owned(),
            );
            return;
        };
        let mechanism = match smtp.host.parse() {
            Ok(std::net::IpAddr::V4(address)) => format!("ip4:{address}"),
            Ok(std::net::IpAddr::V6(address)) => format!("ip6:{address}"),
            Err(_) => format!("a:{}", smtp.host),
        };
        let value = format!("v=spf1 {mechanism} ~all");
        self.add(DnsPurpose::Spf, domain.to_owned(), Some(value));
    }

    fn dkim(&mut self, channel: &str, sender: &str, signers: &Result<Vec<Signer>, String>) {
        match signers {
            Err(problem) => self.warnings.push(format!("`{channel}`: {problem}.")),
            Ok(signers) if signers.is_empty() => self.warnings.push(format!(
                "`{channel}` does not sign its mails, and large receivers turn away those that are \
                 not signed. `frontier channel dkim-key` makes a key."
            )),
            Ok(signers) => {
                for Signer { domain, selector, key } in signers {
                    let domain = domain.as_deref().unwrap_or(sender);
                    if !is_aligned(domain, sender) {
                        self.warnings.push(format!(
                            "The signature `{selector}` is of {domain} and the sender of {sender}: \
                             receivers count it for nothing."
                        ));
                    }
                    let name = format!("{selector}._domainkey.{domain}");
                    self.add(DnsPurpose::Dkim, name, Some(key.record()));
                }
            }
        }
    }
}

/// The domain of an address, in ASCII.
fn domain_of(address: &str) -> Option<String> {
    address.rsplit_once('@').and_then(|(_, domain)| ascii_domain(domain))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::channel::{Smtp, Tls};
    use super::super::dkim::SigningKey;
    use super::super::publisher::Mailbox;
    use super::*;

    fn channel(host: &str, return_path: Option<&str>) -> RunChannel {
        let smtp = Smtp {
            host: host.to_owned(),
            port: 25,
            tls: Tls::None,
            username: None,
            password: None,
            connections: 1,
            timeout_seconds: 1,
            ca_file: None,
        };
        let settings = ChannelSettings {
            transport: Transport::Smtp(smtp),
            from: Some(Mailbox { name: None, email: "news@café.example".to_owned() }),
            return_path: return_path.map(str::to_owned),
            ..ChannelSettings::outbox()
        };
        RunChannel { name: "mail".to_owned(), settings }
    }

    fn shown(plan: &DnsPlan) -> String {
        let records = plan.records.iter().map(|record| {
            let value = record.value.as_deref().unwrap_or_default();
            format!("{} {} {value}", record.name, record.kind())
        });
        records.chain(plan.warnings.iter().cloned()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_channel_that_signs_has_a_record_for_each_claim() {
        let key = Arc::new(SigningKey::from_pem(&SigningKey::new_pem([7; 32])).unwrap());
        let signer = |domain: Option<&str>| Signer {
            domain: domain.map(str::to_owned),
            selector: "s1".to_owned(),
            key: Arc::clone(&key),
        };
        let signers = Ok(vec![signer(None), signer(Some("other.example"))]);
        let plan = DnsPlan::of(&channel("192.0.2.7", Some("b@r.café.example")), &signers);
        insta::assert_snapshot!(shown(&plan), @"
        r.xn--caf-dma.example TXT v=spf1 ip4:192.0.2.7 ~all
        s1._domainkey.xn--caf-dma.example TXT v=DKIM1; k=ed25519; p=6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=
        s1._domainkey.other.example TXT v=DKIM1; k=ed25519; p=6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=
        _dmarc.xn--caf-dma.example TXT v=DMARC1; p=none
        r.xn--caf-dma.example MX 
        The signature `s1` is of other.example and the sender of xn--caf-dma.example: receivers count it for nothing.
        ");
    }

    #[test]
    fn what_is_missing_is_told() {
        let unsigned = DnsPlan::of(&channel("smtp.shop.example", Some("b@x.example")), &Ok(vec![]));
        insta::assert_snapshot!(shown(&unsigned), @"
        x.example TXT v=spf1 a:smtp.shop.example ~all
        _dmarc.xn--caf-dma.example TXT v=DMARC1; p=none
        x.example MX 
        `mail` does not sign its mails, and large receivers turn away those that are not signed. `frontier channel dkim-key` makes a key.
        The return path is of x.example and the sender of xn--caf-dma.example: SPF counts for nothing then, so all hangs on DKIM.
        ");
        let unread = Err("its DKIM key `s1` is in the variable K, which is not set".to_owned());
        let files = RunChannel { name: "files".to_owned(), settings: ChannelSettings::outbox() };
        assert_eq!(DnsPlan::of(&files, &unread).records, []);
        let unread = shown(&DnsPlan::of(&channel("h.example", None), &unread));
        assert!(unread.contains("`mail`: its DKIM key `s1` is in the variable K"), "{unread}");
    }
}
