//! Is /dev/kvm usable, by whom, and does it offer what a partition needs?

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use kvm_ioctls::{Cap, Kvm};

use super::{Row, users};

const DEVICE: &str = "/dev/kvm";
/// Read and write for the group.
const GROUP_MAY_USE: u32 = 0o060;
/// The only version there is (Documentation/virt/kvm/api.rst, 4.1).
const API_VERSION: i32 = 12;

/// What a partition is built from.
const NEEDED: [(Cap, &str); 7] = [
    (Cap::UserMemory, "KVM_CAP_USER_MEMORY"),
    (Cap::Irqchip, "KVM_CAP_IRQCHIP"),
    (Cap::Ioeventfd, "KVM_CAP_IOEVENTFD"),
    (Cap::Irqfd, "KVM_CAP_IRQFD"),
    (Cap::MpState, "KVM_CAP_MP_STATE"),
    (Cap::Xcrs, "KVM_CAP_XCRS"),
    (Cap::ImmediateExit, "KVM_CAP_IMMEDIATE_EXIT"),
];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![device()];
    if let Ok(kvm) = Kvm::new() {
        rows.push(version(&kvm));
        rows.push(capabilities(&kvm));
    }
    rows.push(counters());
    rows
}

fn device() -> Row {
    const NAME: &str = "/dev/kvm";
    let opened = OpenOptions::new().read(true).write(true).open(DEVICE);
    match opened.map_err(|error| error.kind()) {
        Ok(_) => Row::ok(NAME, format!("usable; {}", access())),
        Err(ErrorKind::NotFound) => Row::fail(
            NAME,
            "missing",
            "modprobe kvm_intel or kvm_amd; switch virtualization on in the firmware, or rent a machine with it",
        ),
        Err(ErrorKind::PermissionDenied) => {
            Row::fail(NAME, format!("no permission; {}", access()), how_to_get_permission())
        }
        Err(other) => Row::fail(NAME, format!("{other}; {}", access()), "modprobe -r and modprobe the kvm modules"),
    }
}

/// The commands that let the caller use the device: joining its group, if that may use it.
fn how_to_get_permission() -> String {
    match fs::metadata(DEVICE) {
        Ok(metadata) if metadata.mode() & GROUP_MAY_USE == GROUP_MAY_USE => {
            format!("usermod -aG {} $USER, then log in again", users::group(metadata.gid()))
        }
        _ => "groupadd -f kvm; chown root:kvm /dev/kvm; chmod 660 /dev/kvm; usermod -aG kvm $USER, then log in again"
            .to_owned(),
    }
}

/// Who may use the device, as ls(1) would say it, with the members of its group.
fn access() -> String {
    let Ok(metadata) = fs::metadata(DEVICE) else {
        return "nobody knows by whom".to_owned();
    };
    if !metadata.file_type().is_char_device() {
        return "it is not a device".to_owned();
    }
    let owner = format!("{}:{}", users::user(metadata.uid()), users::group(metadata.gid()));
    let members = match users::members(metadata.gid()) {
        Some(members) => format!(" (members: {members})"),
        None => String::new(),
    };
    format!("{} {owner}{members}", permissions(metadata.mode()))
}

fn permissions(mode: u32) -> String {
    let bits = (0..9).rev().zip("rwxrwxrwx".chars());
    bits.map(|(bit, letter)| if mode & (1 << bit) == 0 { '-' } else { letter }).collect()
}

fn version(kvm: &Kvm) -> Row {
    const NAME: &str = "KVM API";
    match kvm.get_api_version() {
        API_VERSION => Row::ok(NAME, format!("version {API_VERSION}")),
        other => Row::fail(NAME, format!("version {other}"), "boot Linux 5.14 or newer"),
    }
}

fn capabilities(kvm: &Kvm) -> Row {
    const NAME: &str = "KVM capabilities";
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(cap, _)| !kvm.check_extension(*cap)).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Row::ok(NAME, format!("all {} that a partition needs", NEEDED.len()));
    }
    Row::fail(NAME, format!("without {}", missing.join(", ")), "boot Linux 5.14 or newer")
}

fn counters() -> Row {
    const NAME: &str = "performance counters (vPMU)";
    let enabled = fs::read_to_string("/sys/module/kvm/parameters/enable_pmu").unwrap_or_default();
    let host_has_some = Path::new("/sys/bus/event_source/devices/cpu").exists();
    match (enabled.trim(), host_has_some) {
        ("Y", true) => Row::ok(NAME, "on"),
        (_, false) => Row::warn(
            NAME,
            "off: this machine has no counters itself",
            "programs in a partition cannot count events; measure on a machine with counters",
        ),
        (setting, true) => Row::warn(
            NAME,
            format!("off (kvm.enable_pmu={setting})"),
            "boot with kvm.enable_pmu=1 if programs are to count events",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_read_like_those_of_ls() {
        assert_eq!(permissions(0o20_660), "rw-rw----");
        assert_eq!(permissions(0o20_751), "rwxr-x--x");
    }
}
