//! What was opened.

use std::os::fd::BorrowedFd;

use virtio_ikc::view::View;

use super::merge::has_ended;
use super::path::{lies_there, name_of};
use super::{cpu_info, sysfs};

/// What a program shall see of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// This.
    Text(String),
    /// What the LWK says about a process (0: none) and a thread of it (0: the process as a whole).
    Asked(View, u32, u32),
    /// What Linux says; but a thread's name can be changed there (proc(5), `/proc/pid/task/tid/comm`).
    ThreadName,
}

/// What a program shall see of `file`; `None` if what Linux says is right.
pub(crate) fn opened(file: BorrowedFd<'_>, cpus: &[usize]) -> Option<Seen> {
    if !lies_there(file) {
        return None;
    }
    let name = String::from_utf8(name_of(file)?).ok()?;
    if name == "/proc/cpuinfo" {
        return Some(Seen::Text(cpu_info::text(&std::fs::read_to_string(name).ok()?, cpus)));
    }
    sysfs::text(&name, cpus).map(Seen::Text).or_else(|| asked(&name))
}

fn asked(name: &str) -> Option<Seen> {
    let of_system = match name {
        "/proc/meminfo" => View::MEMORY_INFO,
        "/proc/stat" => View::PROCESSOR_TIMES,
        _ => View::NONE,
    };
    if of_system != View::NONE {
        return Some(Seen::Asked(of_system, 0, 0));
    }
    if name.starts_with(sysfs::NODES) && name.ends_with("/meminfo") {
        return Some(Seen::Asked(View::NODE_MEMORY, 0, 0));
    }
    let mut names = name.strip_prefix("/proc/")?.split('/');
    let process: u32 = names.next()?.parse().ok()?;
    let rest: Vec<&str> = names.collect();
    match rest[..] {
        ["comm"] | ["task", _, "comm"] => Some(Seen::ThreadName),
        ["task", thread, file] => Some(Seen::Asked(view(file)?, process, thread.parse().ok()?)),
        [file] => {
            let view = view(file)?;
            let leader = leader_of(process)?;
            Some(Seen::Asked(view, leader, if leader == process { 0 } else { process }))
        }
        _ => None,
    }
}

/// The process that a thread is one of: /proc has a folder of every thread, though it does not list it. `None` if it has ended: Linux knows
/// that before the LWK hears of it.
fn leader_of(thread: u32) -> Option<u32> {
    if thread == std::process::id() {
        return Some(thread);
    }
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    if has_ended(&status) {
        return None;
    }
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

/// The files of a process that the LWK knows more of than Linux.
const FILES: [(&str, View); 12] = [
    ("maps", View::MAPS),
    ("smaps", View::SMAPS),
    ("smaps_rollup", View::SMAPS_ROLLUP),
    ("statm", View::STATM),
    ("cmdline", View::COMMAND_LINE),
    ("environ", View::ENVIRONMENT),
    ("auxv", View::AUXILIARY),
    ("status", View::STATUS),
    ("stat", View::STAT),
    ("limits", View::LIMITS),
    ("mem", View::MEMORY),
    ("pagemap", View::PAGE_MAP),
];

fn view(file: &str) -> Option<View> {
    FILES.iter().find(|(name, _)| *name == file).map(|(_, view)| *view)
}

/// Linux's own file of a view.
pub(crate) fn source(view: View, process: u32, thread: u32) -> String {
    match view {
        View::MEMORY_INFO => return "/proc/meminfo".to_owned(),
        View::PROCESSOR_TIMES => return "/proc/stat".to_owned(),
        View::NODE_MEMORY => return format!("{}/node0/meminfo", sysfs::NODES),
        _ => {}
    }
    let name = FILES.iter().find(|(_, known)| *known == view).map_or("status", |(name, _)| name);
    match thread {
        0 => format!("/proc/{process}/{name}"),
        _ => format!("/proc/{process}/task/{thread}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_processes_and_threads_are_asked_for() {
        let own = std::process::id();
        assert_eq!(asked(&format!("/proc/{own}/maps")), Some(Seen::Asked(View::MAPS, own, 0)));
        assert_eq!(asked("/proc/12/task/13/stat"), Some(Seen::Asked(View::STAT, 12, 13)));
        assert_eq!(asked("/proc/stat"), Some(Seen::Asked(View::PROCESSOR_TIMES, 0, 0)));
        assert_eq!(asked("/proc/12/task/13/comm"), Some(Seen::ThreadName));
        for name in ["/proc/comm", "/proc/self", "/proc/12/fd/maps", "/proc/version", "/proc/sys/kernel/stat"] {
            assert_eq!(asked(name), None);
        }
    }

    #[test]
    fn the_source_is_the_file_that_was_opened() {
        assert_eq!(source(View::STAT, 12, 13), "/proc/12/task/13/stat");
        assert_eq!(source(View::LIMITS, 12, 0), "/proc/12/limits");
    }
}
