//! Paths that Linux would take for something else than the program means.

use super::path::absolute;
use super::sysfs::{CPUS, NODES};

/// Other ways to the folders of CPUs and nodes.
const CPU_LINKS: [&str; 2] = [CPUS, "/sys/bus/cpu/devices"];
const NODE_LINKS: [&str; 2] = [NODES, "/sys/bus/node/devices"];

/// What a path is called on the machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Renamed {
    /// As the program calls it; it does not lie in /proc or /sys.
    Ordinary,
    /// As the program calls it; it may be a view.
    Same,
    /// So.
    To(Vec<u8>),
    /// There is no such thing in the partition.
    Nowhere,
}

/// What the machine calls `path` from `directory`, asked for by `thread`. `cpus` are the machine's on which the partition's run; of
/// `hidden` threads the program knows nothing.
pub(crate) fn rename(
    directory: Option<u64>,
    path: &[u8],
    thread: u32,
    cpus: &[usize],
    hidden: impl Fn(u32) -> bool,
) -> Renamed {
    let Some(path) = absolute(directory, path) else { return Renamed::Ordinary };
    let Ok(path) = std::str::from_utf8(&path) else { return Renamed::Same };
    if let Some(rest) = path.strip_prefix("/proc/thread-self/") {
        return Renamed::To(format!("/proc/self/task/{thread}/{rest}").into_bytes());
    }
    if threads_of(path).any(hidden) {
        return Renamed::Nowhere;
    }
    for folder in CPU_LINKS {
        if let Some((number, rest)) = numbered(path, folder, "cpu") {
            return cpus.get(number).map_or(Renamed::Nowhere, |cpu| to(folder, "cpu", *cpu, rest, number));
        }
    }
    for folder in NODE_LINKS {
        if let Some((number, rest)) = numbered(path, folder, "node") {
            let node = cpus.first().map_or(0, |cpu| node_of(*cpu));
            return if number == 0 { to(folder, "node", node, rest, number) } else { Renamed::Nowhere };
        }
    }
    Renamed::Same
}

/// The numbers of `/proc/NUMBER/task/NUMBER`, as far as they are there.
fn threads_of(path: &str) -> impl Iterator<Item = u32> {
    let mut names = path.strip_prefix("/proc/").unwrap_or_default().split('/');
    let process = names.next().and_then(|name| name.parse().ok());
    let thread = if names.next() == Some("task") { names.next().and_then(|name| name.parse().ok()) } else { None };
    process.into_iter().chain(thread)
}

fn to(folder: &str, kind: &str, machine: usize, rest: &str, partition: usize) -> Renamed {
    if machine == partition {
        return Renamed::Same;
    }
    Renamed::To(format!("{folder}/{kind}{machine}{rest}").into_bytes())
}

/// The number in `folder/kindNUMBER/rest`, and the rest with its slash.
fn numbered<'a>(path: &'a str, folder: &str, kind: &str) -> Option<(usize, &'a str)> {
    let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_prefix(kind)?;
    let (number, rest) = name.split_at(name.find('/').unwrap_or(name.len()));
    Some((number.parse().ok()?, rest))
}

/// The node of a CPU of the machine.
fn node_of(cpu: usize) -> usize {
    let Ok(list) = std::fs::read_dir(format!("{CPUS}/cpu{cpu}")) else { return 0 };
    let numbers = list.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("node")?.parse().ok());
    numbers.min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_the_program_does_not_know_have_no_folder() {
        let rename = |path: &str| rename(None, path.as_bytes(), 7, &[0], |thread| thread == 9);
        for path in ["/proc/9", "/proc/9/stat", "/proc/self/task/9", "/proc/7/task/9/comm", "/proc/self/../9/comm"] {
            assert_eq!(rename(path), Renamed::Nowhere);
        }
        for path in ["/proc/8", "/proc/self/task/8", "/proc/self/fd/9", "/proc", "/proc/self/task", "/proc/sys/9"] {
            assert_eq!(rename(path), Renamed::Same);
        }
    }

    #[test]
    fn a_cpus_folder_is_that_of_the_machine_it_runs_on() {
        let rename = |path: &str| rename(None, path.as_bytes(), 7, &[4, 1], |_| false);
        let to = |path: &str| Renamed::To(path.into());
        assert_eq!(rename("/sys/devices/system/cpu/cpu0/topology"), to("/sys/devices/system/cpu/cpu4/topology"));
        assert_eq!(rename("/sys/devices/system/cpu/cpu1"), Renamed::Same);
        assert_eq!(rename("/sys/devices/system/cpu/cpu2"), Renamed::Nowhere);
        assert_eq!(rename("/sys/devices/system/cpu/cpufreq"), Renamed::Same);
        assert_eq!(rename("/sys/devices/system/node/node1/cpulist"), Renamed::Nowhere);
        assert_eq!(rename("/proc/thread-self/stat"), to("/proc/self/task/7/stat"));
        assert_eq!(rename("/etc/cpu0"), Renamed::Ordinary);
    }
}
