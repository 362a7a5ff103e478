//! A file of made-up contacts, the same each time it is made.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use super::frontier::Outcome;

const FIRST: [&str; 16] = [
    "Ana", "José", "Lucía", "Iñaki", "Marta", "Hugo", "Elena", "Pablo", "Jane", "Oliver", "Zoë",
    "Liam", "Chloé", "Noah", "Aisha", "Bo",
];
const BEGIN: [&str; 32] = [
    "Al", "Bar", "Cas", "Dom", "Es", "Fer", "Gar", "Her", "Iba", "Ja", "Kor", "Lo", "Mar", "Na",
    "Or", "Per", "Qui", "Ra", "San", "Tor", "Ur", "Va", "Wil", "Xu", "Ya", "Za", "Bel", "Cor",
    "Del", "Gon", "Mon", "Ro",
];
const END: [&str; 32] = [
    "ba", "ces", "dez", "es", "gado", "illo", "jero", "lana", "mez", "nandez", "oso", "pino",
    "que", "rez", "son", "tin", "ula", "vez", "xon", "yo", "zana", "bert", "court", "der", "ford",
    "gram", "ham", "ker", "ley", "mond", "ner", "well",
];
const HOSTS: [&str; 6] =
    ["example.com", "example.net", "example.org", "mail.example.com", "post.example", "a.example"];
const CITIES: [&str; 8] =
    ["Soria", "Logroño", "Jaca", "Manchester", "Lyon", "\"Köln, Mitte\"", "Porto", "Cádiz"];
const PLANS: [&str; 3] = ["free", "pro", "team"];

/// Writes a table of `count` contacts, in no order of their addresses.
pub(crate) fn write(path: &Path, count: usize) -> Outcome<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "email,name,language,city,plan,age")?;
    for at in 0..count as u64 {
        let dice = scramble(at);
        let pick = |shift: u32, of: usize| usize::try_from(dice >> shift).unwrap_or(0) % of;
        let (first, last) = (FIRST[pick(0, 16)], (BEGIN[pick(8, 32)], END[pick(16, 32)]));
        let host = HOSTS[pick(24, HOSTS.len())];
        let local = format!("{}{}{at}", last.0, last.1).to_ascii_lowercase();
        let language = ["es", "en", "fr"][pick(32, 3)];
        let (city, plan) = (CITIES[pick(40, CITIES.len())], PLANS[pick(48, 3)]);
        let age = 18 + pick(52, 70);
        writeln!(
            file,
            "{local}@{host},{first} {}{},{language},{city},{plan},{age}",
            last.0, last.1
        )?;
    }
    file.flush()?;
    Ok(())
}

/// Bits that look thrown (`SplitMix64`).
fn scramble(at: u64) -> u64 {
    let mut bits = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
