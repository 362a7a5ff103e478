//! Two texts as a unified diff, of bounded size.

use std::time::Duration;

use similar::{Algorithm, TextDiff};

/// Lines around a difference.
const CONTEXT: usize = 3;
/// Characters of a diff at most; the rest is counted in lines.
const MAX_DIFF: usize = 20_000;
/// A difference that takes longer to find is told less finely.
const PATIENCE: Duration = Duration::from_millis(250);

/// The lines of two texts that differ, with those around them; without names of files.
pub(super) fn unified(before: &str, after: &str) -> String {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(PATIENCE)
        .diff_lines(before, after);
    let mut diff = diff.unified_diff();
    let text = diff.context_radius(CONTEXT).to_string();
    let (mut shown, mut size) = (0, 0);
    for line in text.split_inclusive('\n') {
        size += line.len();
        if size > MAX_DIFF {
            let more = text[shown..].lines().count();
            return format!("{}… {more} more lines\n", &text[..shown]);
        }
        shown = size;
    }
    text
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn lines_that_differ_come_with_their_surroundings() {
        let before =
            (1..=12).map(|number| number.to_string()).collect::<Vec<_>>().join("\n") + "\n";
        let after = before.replace("7\n", "seven\n");
        assert_snapshot!(unified(&before, &after), @r"
        @@ -4,7 +4,7 @@
         4
         5
         6
        -7
        +seven
         8
         9
         10
        ");
        assert_snapshot!(unified("", "a\nb"), @r"
        @@ -0,0 +1,2 @@
        +a
        +b
        \ No newline at end of file
        ");
    }

    #[test]
    fn a_diff_has_an_end() {
        let long = unified("", &"line\n".repeat(100_000));
        assert!(long.len() < MAX_DIFF + 100);
        assert!(long.ends_with(" more lines\n"), "{}", &long[long.len() - 40..]);
        let lines = |seed: u64| -> String {
            let words = (0..20_000_u64).map(|at| (at.wrapping_mul(seed) % 9973).to_string());
            words.collect::<Vec<_>>().join("\n")
        };
        assert!(unified(&lines(7919), &lines(104_729)).len() < MAX_DIFF + 100);
    }
}
