//! Whether Linux did what the author of a case meant: the oracle must not be asked nonsense.

use crate::case::Case;
use crate::outcome::Outcome;

/// The status with which the C programs say that they could not set a case up.
pub const SET_UP_FAILED: i32 = 99;

/// Why the native run cannot serve as the oracle, or `None` if it can.
#[must_use]
pub fn objection(case: &Case, native: &Outcome) -> Option<String> {
    let stderr = native.stderr.escape_ascii();
    if native.timed_out {
        return Some(format!("native run: killed by the time limit\n{stderr}"));
    }
    if native.status != case.status {
        let (status, expected) = (native.status, case.status);
        return Some(format!(
            "native run: status {status}, the case expects {expected}\nstdout {}\nstderr {stderr}",
            native.stdout.escape_ascii()
        ));
    }
    None
}
