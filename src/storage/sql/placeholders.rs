//! `?1` to `$1`: the one rewriting our SQL needs for PostgreSQL.

/// Rewrites numbered placeholders, leaving quotes, identifiers and comments alone.
pub(super) fn to_postgres(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(['?', '\'', '"', '-', '/']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let taken = match from.as_bytes() {
            [b'?', digit, ..] if digit.is_ascii_digit() => {
                out.push('$');
                rest = &from[1..];
                continue;
            }
            [quote @ (b'\'' | b'"'), ..] => {
                // A doubled quote inside ends one literal and starts the next, to the same effect.
                from[1..].find(char::from(*quote)).map_or(from.len(), |end| end + 2)
            }
            [b'-', b'-', ..] => from.find('\n').unwrap_or(from.len()),
            [b'/', b'*', ..] => from.find("*/").map_or(from.len(), |end| end + 2),
            _ => 1,
        };
        out.push_str(&from[..taken]);
        rest = &from[taken..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::to_postgres;

    #[test]
    fn only_placeholders_change() {
        for (sql, expected) in [
            ("a = ?1 AND b = ?12", "a = $1 AND b = $12"),
            ("'it''s ?1' || ?1", "'it''s ?1' || $1"),
            ("\"odd?1\" = ?2 -- why ?1\n, ?3", "\"odd?1\" = $2 -- why ?1\n, $3"),
            ("/* ?1 */ ?1 / ?2 - ?3", "/* ?1 */ $1 / $2 - $3"),
            ("'ñ?1' = ?1 ? 'unclosed ?1", "'ñ?1' = $1 ? 'unclosed ?1"),
        ] {
            assert_eq!(to_postgres(sql), expected);
        }
    }
}
