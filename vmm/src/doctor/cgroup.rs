//! Whether we may confine others to the remaining CPUs: cgroup v2 with the cpuset controller delegated to us
//! (cgroups(7), "Cgroups delegation").

use std::fs;
use std::path::Path;

use super::Row;

const NAME: &str = "cgroup v2 cpuset";

pub(super) fn rows() -> Vec<Row> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    vec![row(&mounts, &own)]
}

fn row(mounts: &str, own: &str) -> Row {
    const UNIFIED: &str =
        "boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all to keep other programs off the partition's CPUs";
    if let Some(place) = mount_of(mounts, |kind, options| kind == "cgroup" && options.split(',').any(|o| o == "cpuset"))
    {
        return Row::warn(NAME, format!("no: cpuset is mounted as v1 at {place}"), UNIFIED);
    }
    let Some(root) = mount_of(mounts, |kind, _| kind == "cgroup2") else {
        return Row::warn(NAME, "no: cgroup v2 is not mounted", UNIFIED);
    };
    let path = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    delegated(&Path::new(root).join(path.trim_start_matches('/')))
}

/// The first mount point of which `wanted` likes the kind and the options (fstab(5)).
fn mount_of(mounts: &str, wanted: impl Fn(&str, &str) -> bool) -> Option<&str> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (place, kind, options) = (fields.next()?, fields.next()?, fields.next()?);
        wanted(kind, options).then_some(place)
    })
}

fn delegated(cgroup: &Path) -> Row {
    let controllers = fs::read_to_string(cgroup.join("cgroup.controllers")).unwrap_or_default();
    let has_cpuset = controllers.split_whitespace().any(|controller| controller == "cpuset");
    let may_write = |file| rustix::fs::access(cgroup.join(file), rustix::fs::Access::WRITE_OK).is_ok();
    let writable = may_write("cgroup.procs") && may_write("cgroup.subtree_control");
    let place = cgroup.display();
    match (has_cpuset, writable) {
        (true, true) => Row::ok(NAME, format!("delegated at {place}")),
        (true, false) => Row::warn(
            NAME,
            format!("{place} is not ours to change"),
            "start in a delegated scope: systemd-run --user --scope -p Delegate=cpuset lwk-vmm ...",
        ),
        (false, _) => Row::warn(
            NAME,
            format!("{place} has no cpuset controller"),
            "systemctl edit user@.service and add: Delegate=cpu cpuset memory pids",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn version_1_is_recognised() {
        let mounts =
            "cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let row = row(mounts, "0::/\n");
        assert_eq!(row.verdict, Verdict::Warn);
        assert!(row.value.contains("v1 at /sys/fs/cgroup/cpuset"), "{row:?}");
    }

    #[test]
    fn a_machine_without_cgroups_is_a_warning() {
        assert!(row("proc /proc proc rw 0 0\n", "").value.contains("not mounted"));
    }

    #[test]
    fn a_delegated_cgroup_is_what_is_wanted() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let cgroup = root.path().join("user/mine");
        fs::create_dir_all(&cgroup).expect("made");
        for (file, text) in
            [("cgroup.controllers", "cpuset cpu\n"), ("cgroup.procs", ""), ("cgroup.subtree_control", "")]
        {
            fs::write(cgroup.join(file), text).expect("written");
        }
        let mounts = format!("cgroup2 {} cgroup2 rw,nosuid 0 0\n", root.path().display());
        assert_eq!(row(&mounts, "0::/user/mine\n").verdict, Verdict::Ok);
        fs::write(cgroup.join("cgroup.controllers"), "cpu\n").expect("written");
        assert!(row(&mounts, "0::/user/mine\n").value.contains("no cpuset controller"));
    }
}
