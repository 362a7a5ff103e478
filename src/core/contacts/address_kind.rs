//! What an address tells besides who has it: that several people read it, or that nobody will for
//! long. Both are hints that people decide by; neither keeps a mail from being sent.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Local parts of roles: those of RFC 2142, and those that firms give themselves most.
const ROLES: &[&str] = &[
    // RFC 2142: business, network, services
    "info",
    "marketing",
    "sales",
    "support",
    "abuse",
    "noc",
    "security",
    "postmaster",
    "hostmaster",
    "usenet",
    "news",
    "webmaster",
    "www",
    "uucp",
    "ftp",
    // firms
    "accounting",
    "accounts",
    "admin",
    "administrator",
    "billing",
    "careers",
    "compliance",
    "contact",
    "customerservice",
    "enquiries",
    "feedback",
    "finance",
    "hello",
    "help",
    "helpdesk",
    "hr",
    "inquiries",
    "invoices",
    "it",
    "jobs",
    "legal",
    "mail",
    "mailer-daemon",
    "media",
    "newsletter",
    "no-reply",
    "noreply",
    "office",
    "orders",
    "payments",
    "press",
    "privacy",
    "purchasing",
    "reception",
    "recruitment",
    "reservations",
    "returns",
    "root",
    "service",
    "shipping",
    "staff",
    "subscribe",
    "subscriptions",
    "sysadmin",
    "team",
    "unsubscribe",
    // firms in Spanish, Portuguese, French, Italian and German
    "administracion",
    "atencion",
    "atencionalcliente",
    "clientes",
    "comercial",
    "compras",
    "contabilidad",
    "contacto",
    "empleo",
    "facturacion",
    "hola",
    "informacion",
    "pedidos",
    "prensa",
    "recepcion",
    "reservas",
    "rrhh",
    "secretaria",
    "soporte",
    "ventas",
    "contato",
    "faturamento",
    "vendas",
    "bonjour",
    "commercial",
    "compta",
    "accueil",
    "amministrazione",
    "commerciale",
    "vendite",
    "buchhaltung",
    "bewerbung",
    "kontakt",
    "rechnung",
    "vertrieb",
];

/// Domains of services for throw-away addresses, one a line, and `#` before a remark.
const DISPOSABLE: &str = include_str!("disposable_domains.txt");

static DISPOSABLE_DOMAINS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    DISPOSABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// Whether a folded address is one of a role, as `info@`, whatever follows a `+`.
pub(super) fn is_role(folded: &str) -> bool {
    let local = folded.rsplit_once('@').map_or(folded, |(local, _)| local);
    let local = local.split_once('+').map_or(local, |(local, _)| local);
    ROLES.contains(&local)
}

/// Whether a folded address is on a domain for throw-away addresses, or below one.
pub(super) fn is_disposable(folded: &str) -> bool {
    let mut domain = folded.rsplit_once('@').map_or("", |(_, domain)| domain);
    loop {
        if DISPOSABLE_DOMAINS.contains(domain) {
            return true;
        }
        match domain.split_once('.') {
            Some((_, above)) => domain = above,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_throw_away_domains_are_known() {
        for (address, role, disposable) in [
            ("ana@example.com", false, false),
            ("info@example.com", true, false),
            ("sales+spring@example.com", true, false),
            ("information@example.com", false, false),
            ("ana@mailinator.com", false, true),
            ("postmaster@box.mailinator.com", true, true),
            ("ana@notmailinator.com", false, false),
        ] {
            assert_eq!((is_role(address), is_disposable(address)), (role, disposable), "{address}");
        }
    }

    #[test]
    fn the_list_of_domains_is_in_order_and_folded() {
        let domains: Vec<_> = DISPOSABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(domains.is_sorted());
        assert_eq!(DISPOSABLE_DOMAINS.len(), domains.len(), "each stands there once");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        assert!(domains.iter().all(|domain| domain.chars().all(plain) && domain.contains('.')));
    }
}
