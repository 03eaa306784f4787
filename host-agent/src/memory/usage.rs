//! How much memory of its own a process of the agent has: what `--stats` shows, so that a leak can be seen.

use virtio_ikc::address::PAGE_SIZE;

/// Bytes that this process has in memory and that are no file's, as far as Linux has counted them (proc_pid_statm(5)); 0 if it does not say.
pub(crate) fn private_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    private_of(&text).unwrap_or(0) * PAGE_SIZE
}

/// The resident pages less the shared ones.
fn private_of(text: &str) -> Option<u64> {
    let mut numbers = text.split_ascii_whitespace().skip(1).map(str::parse::<u64>);
    let (resident, shared) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(resident.saturating_sub(shared))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_not_counted() {
        assert_eq!(private_of("1500 300 200 10 0 80 0\n"), Some(100));
        assert_eq!(private_of("1500"), None);
        assert!(private_bytes() > 0);
    }
}
