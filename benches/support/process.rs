//! What a process costs, read from Linux's `/proc` while it runs.
//!
//! The last look counts, so that what happens in the last [`LOOK`] before the end can be missed.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::frontier::Outcome;

const LOOK: Duration = Duration::from_millis(5);
/// `/proc` counts processor time in hundredths of a second on every platform Rust runs on.
const TICK: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(crate) struct Spent {
    pub(crate) elapsed: Duration,
    /// Of all its threads, in user and kernel mode.
    pub(crate) cpu: Duration,
    /// The most memory it held at once (`VmHWM`), in KiB.
    pub(crate) peak_kib: u64,
}

/// Runs a command to its end; an error when it fails.
#[expect(clippy::disallowed_methods, reason = "there is no runtime here to block")]
pub(crate) fn watch(mut command: Command) -> Outcome<Spent> {
    let mut spent = Spent::default();
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let folder = format!("/proc/{}", child.id());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let look = |file: &str| fs::read_to_string(format!("{folder}/{file}")).ok();
        if let Some(peak) = look("status").as_deref().and_then(peak_kib) {
            spent.peak_kib = peak;
        }
        if let Some(ticks) = look("stat").as_deref().and_then(ticks) {
            spent.cpu = TICK * ticks;
        }
        std::thread::sleep(LOOK);
    };
    spent.elapsed = begun.elapsed();
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok(spent)
}

/// From `/proc/PID/status`; none once the process has given its memory back.
fn peak_kib(status: &str) -> Option<u64> {
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}

/// `utime` and `stime` of `/proc/PID/stat`: the 14th and 15th fields. The second is the program's
/// name in brackets, which may hold spaces.
fn ticks(stat: &str) -> Option<u32> {
    let (_, from_third) = stat.rsplit_once(") ")?;
    let mut fields = from_third.split(' ').skip(11);
    let [user, kernel] = [fields.next()?, fields.next()?];
    Some(user.parse::<u32>().ok()? + kernel.parse::<u32>().ok()?)
}
