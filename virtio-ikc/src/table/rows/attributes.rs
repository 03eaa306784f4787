//! Extended attributes (xattr(7)).

use super::build::{ENOSYS, bytes, offloaded, refused};
use crate::table::Argument::{Address, DirFd, Fd, In, Long, Named, Out, Path, Text};
use crate::table::Call;

const POINTER_INSIDE: &str =
    "Its structure holds a pointer; as a kernel before 6.13, where programs use setxattr(2)'s family.";

#[rustfmt::skip]
pub(super) const ROWS: &[Call] = &[
    offloaded(188, "setxattr", &[Path, Text, In(bytes(3)), Long, Named("xattr")]),
    offloaded(189, "lsetxattr", &[Path, Text, In(bytes(3)), Long, Named("xattr")]),
    offloaded(190, "fsetxattr", &[Fd, Text, In(bytes(3)), Long, Named("xattr")]),
    offloaded(191, "getxattr", &[Path, Text, Out(bytes(3)), Long]),
    offloaded(192, "lgetxattr", &[Path, Text, Out(bytes(3)), Long]),
    offloaded(193, "fgetxattr", &[Fd, Text, Out(bytes(3)), Long]),
    offloaded(194, "listxattr", &[Path, Out(bytes(2)), Long]),
    offloaded(195, "llistxattr", &[Path, Out(bytes(2)), Long]),
    offloaded(196, "flistxattr", &[Fd, Out(bytes(2)), Long]),
    offloaded(197, "removexattr", &[Path, Text]),
    offloaded(198, "lremovexattr", &[Path, Text]),
    offloaded(199, "fremovexattr", &[Fd, Text]),
    offloaded(465, "listxattrat", &[DirFd, Path, Named("at"), Out(bytes(4)), Long]),
    offloaded(466, "removexattrat", &[DirFd, Path, Named("at"), Text]),
    refused(463, "setxattrat", ENOSYS, &[DirFd, Path, Named("at"), Text, Address, Long], POINTER_INSIDE),
    refused(464, "getxattrat", ENOSYS, &[DirFd, Path, Named("at"), Text, Address, Long], POINTER_INSIDE),
];
