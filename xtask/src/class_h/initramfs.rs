//! The emulated host's root file system: a folder, packed by cpio.
//!
//! It is not compressed: unpacking would cost more under emulation than loading does.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The first process.
const INIT_SCRIPT: &str = include_str!("../../class-h/init.sh");
/// Folders that init mounts something on, or that programs expect.
const FOLDERS: [&str; 12] =
    ["bin", "class-h", "dev", "etc", "files", "proc", "run", "sys", "tmp", "usr/bin", "var/tmp", "class-h/programs"];

/// A root file system in the making.
pub(super) struct Initramfs {
    root: PathBuf,
}

impl Initramfs {
    /// Begins in the folder `root`, which is emptied, with busybox and init.
    pub(super) fn new(root: PathBuf) -> Result<Self> {
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("cannot empty {}", root.display()))?;
        }
        for folder in FOLDERS {
            fs::create_dir_all(root.join(folder))?;
        }
        let mut new = Self { root };
        new.file(Path::new("/bin/busybox"), "bin").context("the package busybox-static provides it")?;
        new.text("init", INIT_SCRIPT)?;
        fs::set_permissions(new.root.join("init"), fs::Permissions::from_mode(0o755))?;
        new.text("etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")?;
        new.text("etc/group", "root:x:0:\nnogroup:x:65534:\n")?;
        new.text("etc/hosts", "127.0.0.1 localhost class-h\n")?;
        Ok(new)
    }

    /// Copies `file` into the folder `place` under its own name.
    pub(super) fn file(&mut self, file: &Path, place: &str) -> Result<()> {
        let name = file.file_name().with_context(|| format!("{} is no file", file.display()))?;
        copy(file, &self.root.join(place).join(name))
    }

    /// Copies `file` to `place`.
    pub(super) fn file_as(&mut self, file: &Path, place: &str) -> Result<()> {
        copy(file, &self.root.join(place))
    }

    /// Copies the files of `folder`, not of folders in it, into the folder `place`.
    pub(super) fn folder(&mut self, folder: &Path, place: &str) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_file() {
                self.file(&path, place)?;
            }
        }
        Ok(())
    }

    /// Writes a text file.
    pub(super) fn text(&mut self, place: &str, text: &str) -> Result<()> {
        fs::write(self.root.join(place), text).with_context(|| format!("cannot write {place}"))
    }

    /// Makes a symbolic link.
    pub(super) fn link(&mut self, target: &str, place: &str) -> Result<()> {
        symlink(target, self.root.join(place)).with_context(|| format!("cannot link {place}"))
    }

    /// Packs everything into the file `image`, in the format the kernel unpacks.
    pub(super) fn write(&self, image: &Path) -> Result<()> {
        let image = fs::File::create(image).with_context(|| format!("cannot create {}", image.display()))?;
        let mut find = Command::new("find")
            .args([".", "-print0"])
            .current_dir(&self.root)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start find")?;
        let names = find.stdout.take().context("find has no output")?;
        let packed = Command::new("cpio")
            .args(["--create", "--null", "--format=newc", "--quiet", "--owner=+0:+0"])
            .current_dir(&self.root)
            .stdin(names)
            .stdout(image)
            .status()
            .context("cannot start cpio, which the package cpio provides")?;
        if !find.wait()?.success() || !packed.success() {
            bail!("cannot pack the initramfs");
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
