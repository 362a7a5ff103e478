//! Progress bars, where somebody watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;

/// A bar over `total` bytes, or a count of them when it is not known, on stderr; nothing is drawn
/// where `output` is not live.
pub(super) fn bytes(total: Option<u64>, output: &Output<'_>) -> ProgressBar {
    let target =
        if output.is_live() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(total, target);
    let template = match total {
        Some(_) => "{bar:30} {percent:>3}%  {binary_bytes} of {binary_total_bytes}  {msg}  {eta}",
        None => "{spinner} {binary_bytes}  {msg}  {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("##-"));
    }
    bar
}
