//! Which options of prctl(2) Linux may be handed.
//!
//! Most options concern memory, threads or speculation, which are the LWK's, or carry addresses. What is left is
//! what Linux keeps for the process that the proxy is, with plain numbers for arguments.

/// Whether the proxy may execute `option` with its arguments as they stand.
#[must_use]
pub const fn is_plain(option: u32) -> bool {
    const PR_SET_PDEATHSIG: u32 = 1;
    const PR_GET_KEEPCAPS: u32 = 7;
    const PR_SET_KEEPCAPS: u32 = 8;
    const PR_CAPBSET_READ: u32 = 23;
    const PR_CAPBSET_DROP: u32 = 24;
    const PR_GET_SECUREBITS: u32 = 27;
    const PR_SET_SECUREBITS: u32 = 28;
    const PR_SET_CHILD_SUBREAPER: u32 = 36;
    const PR_SET_NO_NEW_PRIVS: u32 = 38;
    const PR_GET_NO_NEW_PRIVS: u32 = 39;
    const PR_CAP_AMBIENT: u32 = 47;
    matches!(
        option,
        PR_SET_PDEATHSIG
            | PR_GET_KEEPCAPS
            | PR_SET_KEEPCAPS
            | PR_CAPBSET_READ
            | PR_CAPBSET_DROP
            | PR_GET_SECUREBITS
            | PR_SET_SECUREBITS
            | PR_SET_CHILD_SUBREAPER
            | PR_SET_NO_NEW_PRIVS
            | PR_GET_NO_NEW_PRIVS
            | PR_CAP_AMBIENT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_with_addresses_stay_in_the_lwk() {
        const PR_SET_NAME: u32 = 15;
        const PR_SET_SECCOMP: u32 = 22;
        const PR_SET_MM: u32 = 35;
        assert!(![PR_SET_NAME, PR_SET_SECCOMP, PR_SET_MM].into_iter().any(is_plain));
    }
}
