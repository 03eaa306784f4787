//! What execve(2) asks of a file before it looks inside.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use rustix::fs::Access;
use rustix::io::Errno;

use super::ProgramError;

/// Whether `path` is a regular file that we may execute.
pub(super) fn executable(path: &Path, workdir: &Path) -> Result<(), ProgramError> {
    let place = workdir.join(path);
    let metadata = fs::metadata(&place).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ProgramError::Missing(path.to_owned()),
        ErrorKind::PermissionDenied => ProgramError::Permission(path.to_owned()),
        _ => ProgramError::Unreadable { path: path.to_owned(), source: error },
    })?;
    if metadata.is_dir() {
        return Err(ProgramError::Directory(path.to_owned()));
    }
    if !metadata.is_file() {
        return Err(ProgramError::NotRegular(path.to_owned()));
    }
    rustix::fs::access(&place, Access::EXEC_OK).map_err(|errno| match errno {
        Errno::ACCESS | Errno::PERM => ProgramError::Permission(path.to_owned()),
        other => ProgramError::Unreadable { path: path.to_owned(), source: other.into() },
    })
}

/// Opens the file and reads its first `limit` bytes, or all if it has fewer.
pub(super) fn head(path: &Path, workdir: &Path, limit: u64) -> Result<(File, Vec<u8>), ProgramError> {
    let unreadable = |source| ProgramError::Unreadable { path: path.to_owned(), source };
    let file = File::open(workdir.join(path)).map_err(unreadable)?;
    let mut bytes = Vec::new();
    (&file).take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok((file, bytes))
}
