//! Folders whose entries are not all the program's business.

use std::os::fd::BorrowedFd;
use std::path::Path;

use super::path::{lies_there, name_of};
use super::sysfs::{CPUS, NODES};
use crate::own_descriptors::is_own;
use crate::proxy::Proxy;

/// A folder of /proc or /sys some of whose entries are left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Listing {
    /// `fd` or `fdinfo` of a process: without the agent's own.
    Descriptors,
    /// `task` of this process: the program's threads.
    Threads,
    /// CPUs, named "cpu" and a number: those of the partition.
    Cpus,
    /// Nodes: there is one.
    Nodes,
}

impl Listing {
    /// Which of them `folder` is.
    pub(crate) fn of(folder: BorrowedFd<'_>, process: u32) -> Option<Self> {
        if !lies_there(folder) {
            return None;
        }
        let name = String::from_utf8(name_of(folder)?).ok()?;
        match name.as_str() {
            CPUS => return Some(Self::Cpus),
            NODES => return Some(Self::Nodes),
            _ => {}
        }
        let (owner, folder) = name.strip_prefix("/proc/")?.split_once('/')?;
        match folder.rsplit('/').next()? {
            "fd" | "fdinfo" => Some(Self::Descriptors),
            "task" if owner.parse() == Ok(process) => Some(Self::Threads),
            _ => None,
        }
    }

    /// Folders that the machine does not have: a partition may have more CPUs than it.
    pub(crate) fn missing(self, proxy: &Proxy) -> Vec<String> {
        if self != Self::Cpus {
            return Vec::new();
        }
        let names = (0..proxy.wires.cpus.len()).map(|cpu| format!("cpu{cpu}"));
        names.filter(|name| !Path::new(CPUS).join(name).exists()).collect()
    }

    /// Whether the entry `name` is left out.
    pub(crate) fn hides(self, name: &str, proxy: &Proxy) -> bool {
        let number = |prefix: &str| name.strip_prefix(prefix)?.parse::<u32>().ok();
        match self {
            Self::Descriptors => number("").is_some_and(|number| is_own(number.into())),
            Self::Threads => number("").is_some_and(|thread| !proxy.has_thread(thread)),
            Self::Cpus => number("cpu").is_some_and(|cpu| !proxy.wires.has_vcpu(cpu)),
            Self::Nodes => number("node").is_some_and(|node| node != 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn folders_of_processes_are_known() {
        let of = |path: &str| Listing::of(File::open(path).unwrap().as_fd(), std::process::id());
        assert_eq!(of("/proc/self/fd"), Some(Listing::Descriptors));
        assert_eq!(of("/proc/self/task"), Some(Listing::Threads));
        assert_eq!(of("/proc/1/task"), None);
        assert_eq!(of("/proc"), None);
        assert_eq!(of("/tmp"), None);
    }
}
