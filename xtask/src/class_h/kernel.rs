//! The emulated host's kernel: Debian's build for clouds, small, and with KVM as modules.
//!
//! It is downloaded once and unpacked below the target folder, never installed; removing that folder fetches the newest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// The package that depends on the newest kernel.
const META_PACKAGE: &str = "linux-image-cloud-amd64";
/// What KVM on AMD consists of.
const MODULES: [&str; 3] = ["irqbypass.ko", "kvm.ko", "kvm-amd.ko"];

/// An unpacked kernel.
pub(super) struct Kernel {
    /// The image that QEMU boots.
    pub(super) image: PathBuf,
    /// KVM's modules, decompressed.
    pub(super) modules: Vec<PathBuf>,
}

/// The kernel kept in `cache`, downloaded first if it is not there.
pub(super) fn fetch(cache: &Path) -> Result<Kernel> {
    let kernel =
        Kernel { image: cache.join("vmlinuz"), modules: MODULES.iter().map(|name| cache.join(name)).collect() };
    if kernel.image.exists() {
        return Ok(kernel);
    }
    fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let work = tempfile::tempdir_in(cache)?;
    let tree = unpack(work.path())?;
    for (name, place) in MODULES.iter().zip(&kernel.modules) {
        place_module(&tree, name, place)?;
    }
    // Last, because its presence means that all is there.
    fs::rename(find(&tree.join("boot"), "vmlinuz")?, &kernel.image)?;
    Ok(kernel)
}

/// Downloads the package into `folder` and gives the folder with its files.
fn unpack(folder: &Path) -> Result<PathBuf> {
    let package = newest_package()?;
    workspace::run(Command::new("apt-get").args(["download", "-q", &package]).current_dir(folder))?;
    let archive = find(folder, &package)?;
    let tree = folder.join("tree");
    workspace::run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(&tree))?;
    Ok(tree)
}

fn newest_package() -> Result<String> {
    let depends = workspace::output(Command::new("apt-cache").args(["depends", META_PACKAGE]))
        .with_context(|| format!("apt does not know {META_PACKAGE}; `apt-get update` on Debian 12 helps"))?;
    depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|package| package.starts_with("linux-image-"))
        .map(str::to_owned)
        .with_context(|| format!("{META_PACKAGE} depends on no kernel"))
}

/// Copies a module out of the package; newer packages have them compressed.
fn place_module(tree: &Path, name: &str, place: &Path) -> Result<()> {
    let found = find(&tree.join("lib/modules"), name)?;
    if found.extension().is_none_or(|extension| extension != "xz") {
        fs::copy(&found, place)?;
        return Ok(());
    }
    workspace::run(Command::new("xz").arg("-dk").arg(&found))?;
    fs::copy(found.with_extension(""), place)?;
    Ok(())
}

/// The first file below `folder` whose name begins with `prefix`.
fn find(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().starts_with(prefix) {
                return Ok(entry.path());
            }
        }
    }
    bail!("the kernel's package has no {prefix}")
}
