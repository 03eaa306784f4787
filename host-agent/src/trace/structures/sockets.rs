//! Structures of calls on sockets.

use crate::trace::argument::print_address;
use crate::trace::bytes::{array_at, i32_at, network_u16_at, u16_at, u32_at, u64_at, until_nul};
use crate::trace::quote;
use std::fmt::{Result, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use virtio_ikc::table::names::describe;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const AF_NETLINK: u16 = 16;

/// `struct sockaddr` of whatever family.
pub(super) fn address(bytes: &[u8], out: &mut dyn Write) -> Result {
    let family = u16_at(bytes, 0);
    out.write_str("{sa_family=")?;
    describe("domain", family.into(), out)?;
    match (family, bytes.len()) {
        (_, ..3) => {}
        (AF_UNIX, _) => local(bytes, out)?,
        (AF_INET, 8..) => {
            let host = Ipv4Addr::from(array_at::<4>(bytes, 4));
            write!(out, ", sin_port=htons({}), sin_addr=inet_addr(\"{host}\")", network_u16_at(bytes, 2))?;
        }
        (AF_INET6, 24..) => {
            let host = Ipv6Addr::from(array_at::<16>(bytes, 8));
            let flow = u32::from_be_bytes(array_at(bytes, 4));
            write!(out, ", sin6_port=htons({}), sin6_flowinfo=htonl({flow})", network_u16_at(bytes, 2))?;
            write!(out, ", inet_pton(AF_INET6, \"{host}\", &sin6_addr), sin6_scope_id={}", u32_at(bytes, 24))?;
        }
        (AF_NETLINK, 12..) => write!(out, ", nl_pid={}, nl_groups={:08x}", i32_at(bytes, 4), u32_at(bytes, 8))?,
        _ => {
            out.write_str(", sa_data=")?;
            quote::buffer(bytes.get(2..).unwrap_or_default(), false, out)?;
        }
    }
    out.write_char('}')
}

fn local(bytes: &[u8], out: &mut dyn Write) -> Result {
    let path = bytes.get(2..).unwrap_or_default();
    out.write_str(", sun_path=")?;
    match path.split_first() {
        // An abstract name begins with NUL and is as long as the address.
        Some((0, name)) => {
            out.write_char('@')?;
            quote::whole(name, false, out)
        }
        _ => quote::whole(until_nul(path), false, out),
    }
}

/// `struct msghdr`.
pub(super) fn message(bytes: &[u8], out: &mut dyn Write) -> Result {
    out.write_str("{msg_name=")?;
    print_address(u64_at(bytes, 0), out)?;
    write!(out, ", msg_namelen={}, msg_iov=", u32_at(bytes, 8))?;
    print_address(u64_at(bytes, 16), out)?;
    write!(out, ", msg_iovlen={}, msg_controllen={}, msg_flags=", u64_at(bytes, 24), u64_at(bytes, 40))?;
    describe("message", u32_at(bytes, 48).into(), out)?;
    out.write_char('}')
}
