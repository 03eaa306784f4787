//! Names of the numbers in calls on sockets.

use super::set::Set;

#[rustfmt::skip]
pub(super) const SETS: &[Set] = &[
    // socket(2)
    Set {
        name: "domain",
        mask: u32::MAX,
        values: &[
            (0, "AF_UNSPEC"), (1, "AF_UNIX"), (2, "AF_INET"), (3, "AF_AX25"), (4, "AF_IPX"), (5, "AF_APPLETALK"),
            (9, "AF_X25"), (0xa, "AF_INET6"), (0xf, "AF_KEY"), (0x10, "AF_NETLINK"), (0x11, "AF_PACKET"),
            (0x15, "AF_RDS"), (0x18, "AF_PPPOX"), (0x1a, "AF_LLC"), (0x1b, "AF_IB"), (0x1c, "AF_MPLS"),
            (0x1d, "AF_CAN"), (0x1e, "AF_TIPC"), (0x1f, "AF_BLUETOOTH"), (0x21, "AF_RXRPC"), (0x23, "AF_PHONET"),
            (0x26, "AF_ALG"), (0x27, "AF_NFC"), (0x28, "AF_VSOCK"), (0x29, "AF_KCM"), (0x2a, "AF_QIPCRTR"),
            (0x2b, "AF_SMC"), (0x2c, "AF_XDP"), (0x2d, "AF_MCTP"),
        ],
        unknown: "AF_???",
        ..Set::EMPTY
    },
    // socket(2)
    Set {
        name: "socket",
        mask: 0xf,
        values: &[
            (1, "SOCK_STREAM"), (2, "SOCK_DGRAM"), (3, "SOCK_RAW"), (4, "SOCK_RDM"), (5, "SOCK_SEQPACKET"),
            (6, "SOCK_DCCP"), (0xa, "SOCK_PACKET"),
        ],
        flags: &[(0x0008_0000, "SOCK_CLOEXEC"), (0x800, "SOCK_NONBLOCK")],
        unknown: "SOCK_???",
        ..Set::EMPTY
    },
    // accept4(2)
    Set {
        name: "accept",
        flags: &[(0x0008_0000, "SOCK_CLOEXEC"), (0x800, "SOCK_NONBLOCK")],
        unknown: "SOCK_???",
        ..Set::EMPTY
    },
    // shutdown(2)
    Set {
        name: "shutdown",
        mask: u32::MAX,
        values: &[(0, "SHUT_RD"), (1, "SHUT_WR"), (2, "SHUT_RDWR")],
        unknown: "SHUT_???",
        ..Set::EMPTY
    },
    // send(2) and recv(2)
    Set {
        name: "message",
        flags: &[
            (1, "MSG_OOB"), (2, "MSG_PEEK"), (4, "MSG_DONTROUTE"), (8, "MSG_CTRUNC"), (0x10, "MSG_PROXY"),
            (0x20, "MSG_TRUNC"), (0x40, "MSG_DONTWAIT"), (0x80, "MSG_EOR"), (0x100, "MSG_WAITALL"),
            (0x200, "MSG_FIN"), (0x400, "MSG_SYN"), (0x800, "MSG_CONFIRM"), (0x1000, "MSG_RST"),
            (0x2000, "MSG_ERRQUEUE"), (0x4000, "MSG_NOSIGNAL"), (0x8000, "MSG_MORE"),
            (0x0001_0000, "MSG_WAITFORONE"), (0x0004_0000, "MSG_BATCH"), (0x0400_0000, "MSG_ZEROCOPY"),
            (0x2000_0000, "MSG_FASTOPEN"), (0x4000_0000, "MSG_CMSG_CLOEXEC"),
        ],
        unknown: "MSG_???",
        ..Set::EMPTY
    },
    // setsockopt(2)
    Set {
        name: "level",
        mask: u32::MAX,
        values: &[
            (0, "SOL_IP"), (1, "SOL_SOCKET"), (6, "SOL_TCP"), (0x11, "SOL_UDP"), (0x29, "SOL_IPV6"),
            (0x3a, "SOL_ICMPV6"), (0x84, "SOL_SCTP"), (0xff, "SOL_RAW"), (0x107, "SOL_PACKET"),
            (0x10e, "SOL_NETLINK"), (0x117, "SOL_ALG"), (0x11a, "SOL_TLS"), (0x11b, "SOL_XDP"),
            (0x11c, "SOL_MPTCP"), (0x11f, "SOL_VSOCK"),
        ],
        unknown: "SOL_???",
        ..Set::EMPTY
    },
    // socket(7)
    Set {
        name: "socket_option",
        mask: u32::MAX,
        values: &[
            (1, "SO_DEBUG"), (2, "SO_REUSEADDR"), (3, "SO_TYPE"), (4, "SO_ERROR"), (5, "SO_DONTROUTE"),
            (6, "SO_BROADCAST"), (7, "SO_SNDBUF"), (8, "SO_RCVBUF"), (9, "SO_KEEPALIVE"), (0xa, "SO_OOBINLINE"),
            (0xb, "SO_NO_CHECK"), (0xc, "SO_PRIORITY"), (0xd, "SO_LINGER"), (0xe, "SO_BSDCOMPAT"),
            (0xf, "SO_REUSEPORT"), (0x10, "SO_PASSCRED"), (0x11, "SO_PEERCRED"), (0x12, "SO_RCVLOWAT"),
            (0x13, "SO_SNDLOWAT"), (0x14, "SO_RCVTIMEO_OLD"), (0x15, "SO_SNDTIMEO_OLD"), (0x19, "SO_BINDTODEVICE"),
            (0x1a, "SO_ATTACH_FILTER"), (0x1b, "SO_DETACH_FILTER"), (0x1c, "SO_PEERNAME"),
            (0x1d, "SO_TIMESTAMP_OLD"), (0x1e, "SO_ACCEPTCONN"), (0x1f, "SO_PEERSEC"), (0x20, "SO_SNDBUFFORCE"),
            (0x21, "SO_RCVBUFFORCE"), (0x22, "SO_PASSSEC"), (0x23, "SO_TIMESTAMPNS_OLD"), (0x24, "SO_MARK"),
            (0x25, "SO_TIMESTAMPING_OLD"), (0x26, "SO_PROTOCOL"), (0x27, "SO_DOMAIN"), (0x28, "SO_RXQ_OVFL"),
            (0x2a, "SO_PEEK_OFF"), (0x2c, "SO_LOCK_FILTER"), (0x2e, "SO_BUSY_POLL"), (0x2f, "SO_MAX_PACING_RATE"),
            (0x31, "SO_INCOMING_CPU"), (0x39, "SO_COOKIE"), (0x3b, "SO_PEERGROUPS"), (0x3c, "SO_ZEROCOPY"),
            (0x3d, "SO_TXTIME"), (0x3e, "SO_BINDTOIFINDEX"), (0x3f, "SO_TIMESTAMP_NEW"),
            (0x40, "SO_TIMESTAMPNS_NEW"), (0x41, "SO_TIMESTAMPING_NEW"), (0x42, "SO_RCVTIMEO_NEW"),
            (0x43, "SO_SNDTIMEO_NEW"), (0x45, "SO_PREFER_BUSY_POLL"), (0x4d, "SO_PEERPIDFD"),
        ],
        unknown: "SO_???",
        ..Set::EMPTY
    },
    // tcp(7)
    Set {
        name: "tcp_option",
        mask: u32::MAX,
        values: &[
            (1, "TCP_NODELAY"), (2, "TCP_MAXSEG"), (3, "TCP_CORK"), (4, "TCP_KEEPIDLE"), (5, "TCP_KEEPINTVL"),
            (6, "TCP_KEEPCNT"), (7, "TCP_SYNCNT"), (8, "TCP_LINGER2"), (9, "TCP_DEFER_ACCEPT"),
            (0xa, "TCP_WINDOW_CLAMP"), (0xb, "TCP_INFO"), (0xc, "TCP_QUICKACK"), (0xd, "TCP_CONGESTION"),
            (0x12, "TCP_USER_TIMEOUT"), (0x17, "TCP_FASTOPEN"), (0x1f, "TCP_ULP"), (0x1e, "TCP_FASTOPEN_CONNECT"),
        ],
        unknown: "TCP_???",
        ..Set::EMPTY
    },
];
