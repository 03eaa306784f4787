//! Programs that list and search folders.

use crate::case::Case;

const TREE: &str = "mkdir -p d/sub/sub2 d/empty; seq 10 >d/ten; seq 100 >d/sub/hundred; ln -s ../ten d/sub/up; \
    touch d/.hidden; chmod 751 d/sub; find d -exec touch -h -d @1234567890 {} +";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::words("ls", "ls d").set_up(TREE),
        Case::words("ls -la", "ls -lan --time-style=full-iso d/sub").set_up(TREE),
        Case::words("ls with names of users", "ls -l --time-style=+ /usr/bin/env"),
        Case::words("ls through the tree", "ls -AR d").set_up(TREE),
        Case::words("ls sorted by size", "ls -S1 d/ten d/sub/hundred").set_up(TREE),
        Case::words("ls of what is not there", "ls d missing").set_up(TREE).status(2),
        Case::words("ls of many names", "ls many").set_up("mkdir many; cd many; seq -f file-%04g 1 3000 | xargs touch"),
        Case::words("ls on a terminal", "ls many")
            .set_up("mkdir many; cd many; seq -f f%g 1 50 | xargs touch")
            .on_a_terminal(),
        Case::words("dir", "dir -C -w 40 d").set_up(TREE),
        Case::words("find everything", "find d").set_up(TREE),
        Case::words("find by kind and depth", "find d -maxdepth 2 -type f -size -2 -printf %p,%s,%m,%T@\\n")
            .set_up(TREE),
        Case::words("find by name and delete", "find d -name *e* -type f -delete").set_up(TREE),
        Case::words("find newer and links", "find -L d -newermt 2001-01-01 -not -newermt 2010-01-01 -print0")
            .set_up(TREE),
        Case::words("find without permission to exist", "find missing").status(1),
        Case::words("find over all of /usr", "find /usr -xdev").seconds(180),
        Case::words("find the large files of /usr", "find /usr/lib /usr/bin -xdev -size +1M -type f").seconds(180),
        Case::words("du of a tree", "du -ab --apparent-size d").set_up(TREE),
        Case::words("df of the folder", "df --output=target,fstype ."),
        Case::words("pwd", "pwd -P"),
        Case::words("readlink", "readlink d/sub/up").set_up(TREE),
        Case::words("readlink of a file", "readlink d/ten").set_up(TREE).status(1),
        Case::words("realpath", "realpath --relative-to=. d/sub/up d/./sub/../ten").set_up(TREE),
        Case::words("realpath of what is not there", "realpath -e d/none").set_up(TREE).status(1),
    ]
}
