//! The files of a folder, in a form that two runs can be compared by.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Contents up to this length are kept, so that a difference can be shown; longer ones are hashed.
const KEPT_BYTES: u64 = 4096;
/// A modification time older than this was set on purpose and is compared.
const RECENT: Duration = Duration::from_hours(24);

/// What is at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    kind: Kind,
    mode: u32,
    owner: (u32, u32),
    links: u64,
    modified: Option<(i64, i64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    Symlink(PathBuf),
    Short(Vec<u8>),
    Long { bytes: u64, hash: u64 },
    Unreadable { bytes: u64 },
    Fifo,
    Socket,
    Device(u64),
}

/// All entries below a folder by relative path.
pub type Tree = BTreeMap<PathBuf, Entry>;

/// Reads everything below `root`, symbolic links not followed.
///
/// # Errors
/// What the file system answers.
pub fn read(root: &Path) -> io::Result<Tree> {
    let mut tree = Tree::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder)? {
            let path = item?.path();
            let metadata = fs::symlink_metadata(&path)?;
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let relative = path.strip_prefix(root).map_err(io::Error::other)?;
            tree.insert(relative.to_path_buf(), entry(&path, &metadata)?);
        }
    }
    Ok(tree)
}

fn entry(path: &Path, metadata: &Metadata) -> io::Result<Entry> {
    Ok(Entry {
        kind: kind(path, metadata)?,
        mode: metadata.mode() & 0o7777,
        owner: (metadata.uid(), metadata.gid()),
        links: metadata.nlink(),
        modified: deliberate_time(metadata),
    })
}

fn kind(path: &Path, metadata: &Metadata) -> io::Result<Kind> {
    let file_type = metadata.file_type();
    Ok(if file_type.is_dir() {
        Kind::Folder
    } else if file_type.is_symlink() {
        Kind::Symlink(fs::read_link(path)?)
    } else if file_type.is_fifo() {
        Kind::Fifo
    } else if file_type.is_socket() {
        Kind::Socket
    } else if file_type.is_file() {
        content(path, metadata.len())
    } else {
        Kind::Device(metadata.rdev())
    })
}

fn content(path: &Path, bytes: u64) -> Kind {
    let read = if bytes <= KEPT_BYTES {
        fs::read(path).map(Kind::Short)
    } else {
        hash(path).map(|hash| Kind::Long { bytes, hash })
    };
    read.unwrap_or(Kind::Unreadable { bytes })
}

fn hash(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.write(&buffer[..count]);
    }
}

fn deliberate_time(metadata: &Metadata) -> Option<(i64, i64)> {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let limit = i64::try_from(today.saturating_sub(RECENT).as_secs()).ok()?;
    (metadata.mtime() < limit).then(|| (metadata.mtime(), metadata.mtime_nsec()))
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Folder => write!(f, "folder")?,
            Kind::Symlink(target) => write!(f, "symlink to {}", target.display())?,
            Kind::Short(bytes) => write!(f, "{} bytes \"{}\"", bytes.len(), bytes.escape_ascii())?,
            Kind::Long { bytes, hash } => write!(f, "{bytes} bytes, hash {hash:016x}")?,
            Kind::Unreadable { bytes } => write!(f, "{bytes} bytes, unreadable")?,
            Kind::Fifo => write!(f, "fifo")?,
            Kind::Socket => write!(f, "socket")?,
            Kind::Device(number) => write!(f, "device {number:#x}")?,
        }
        let (user, group) = self.owner;
        write!(f, ", mode {:04o}, owner {user}:{group}, {} links", self.mode, self.links)?;
        match self.modified {
            Some((seconds, nanoseconds)) => write!(f, ", modified {seconds}.{nanoseconds:09}"),
            None => Ok(()),
        }
    }
}
