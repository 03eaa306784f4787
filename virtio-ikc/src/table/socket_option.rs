//! Which options of setsockopt(2) and getsockopt(2) Linux may be handed.
//!
//! Nearly all options are plain memory of the length that the call gives. A few hold pointers that Linux follows, or
//! count their length in something other than bytes; the proxy answers ENOPROTOOPT for those.

const SOL_IP: i32 = 0;
const SOL_SOCKET: i32 = 1;
const SOL_TCP: i32 = 6;
const SOL_IPV6: i32 = 41;
const SOL_SCTP: i32 = 132;
const SOL_PACKET: i32 = 263;
const SOL_RDS: i32 = 276;
const SOL_XDP: i32 = 283;
const SOL_MPTCP: i32 = 284;

/// Whether option `name` of `level` is plain memory.
#[must_use]
pub const fn is_plain(level: i32, name: i32) -> bool {
    match level {
        // SO_ATTACH_FILTER points to its program, and as SO_GET_FILTER counts instructions; SO_ATTACH_REUSEPORT_CBPF.
        SOL_SOCKET => !matches!(name, 26 | 51),
        // The tables of packet filters (iptables, arptables, ebtables) point to their counters.
        SOL_IP => !matches!(name, 64..=67 | 96..=99 | 128..=131),
        SOL_IPV6 => !matches!(name, 64 | 65),
        // TCP_ZEROCOPY_RECEIVE maps and copies to addresses.
        SOL_TCP => name != 35,
        // SCTP_SOCKOPT_CONNECTX3 points to its addresses.
        SOL_SCTP => name != 111,
        // PACKET_FANOUT_DATA can point to a filter.
        SOL_PACKET => name != 22,
        // MPTCP_FULL_INFO points to its subflows.
        SOL_MPTCP => name != 4,
        // Regions of memory are named by address.
        SOL_RDS | SOL_XDP => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_options_are_plain() {
        const SO_REUSEADDR: i32 = 2;
        const TCP_NODELAY: i32 = 1;
        const IPV6_V6ONLY: i32 = 26;
        assert!(is_plain(SOL_SOCKET, SO_REUSEADDR));
        assert!(is_plain(SOL_TCP, TCP_NODELAY));
        assert!(is_plain(SOL_IPV6, IPV6_V6ONLY));
    }

    #[test]
    fn options_that_make_linux_follow_pointers_are_not() {
        assert!(!is_plain(SOL_SOCKET, 26));
        assert!(!is_plain(SOL_TCP, 35));
        assert!(!is_plain(SOL_XDP, 4));
    }
}
