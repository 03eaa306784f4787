//! Programs that make, copy, move and remove files.

use crate::case::Case;

const TREE: &str = "mkdir -p tree/deep/er; seq 100 >tree/file; ln -s file tree/link; ln tree/file tree/deep/twin; \
    mkfifo tree/deep/pipe; chmod 2750 tree/deep; chmod 600 tree/file; touch -d @1000000000 tree/file tree/deep/er";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = copies();
    cases.extend(names());
    cases.extend(blocks());
    cases
}

fn copies() -> Vec<Case> {
    vec![
        Case::words("cp of a file", "cp -v tree/file copy").set_up(TREE),
        Case::words("cp keeps everything", "cp -a tree copy").set_up(TREE),
        Case::words("cp -r of a tree", "cp -r tree/deep/er tree/file copy").set_up(&format!("{TREE}; mkdir copy")),
        Case::words("cp makes links", "cp -rl tree/deep/er copy").set_up(TREE),
        Case::words("cp of a folder without -r", "cp tree copy").set_up(TREE).status(1),
        Case::words("cp of what is not there", "cp missing copy").status(1),
        Case::words("cp of a sparse file", "cp --sparse=always holes copy")
            .set_up("truncate -s 1M holes; echo x >>holes"),
        Case::words("install sets the mode", "install -m 4755 -D tree/file new/folder/program").set_up(TREE),
        Case::words("mv renames", "mv -v tree moved").set_up(TREE),
        Case::words("mv into a folder", "mv a b c folder").set_up("touch a b; mkdir c folder; echo x >c/x"),
        Case::words("mv with a backup", "mv --backup=numbered new old").set_up("echo new >new; echo old >old"),
        Case::words("mv of what is not there", "mv missing other").status(1),
    ]
}

fn names() -> Vec<Case> {
    vec![
        Case::words("rm of a tree", "rm -rv tree").set_up(TREE),
        Case::words("rm of a folder without -r", "rm tree").set_up(TREE).status(1),
        Case::words("rm -f of what is not there", "rm -f missing"),
        Case::words("unlink", "unlink tree/link").set_up(TREE),
        Case::words("rmdir of a path", "rmdir -p a/b/c").set_up("mkdir -p a/b/c"),
        Case::words("rmdir of a full folder", "rmdir tree").set_up(TREE).status(1),
        Case::words("ln", "ln -v tree/file hard").set_up(TREE),
        Case::words("ln -s, relative", "ln -sr tree/file tree/deep/soft").set_up(TREE),
        Case::words("ln -sf replaces", "ln -sf other link").set_up("ln -s one link"),
        Case::words("link to what is not there", "link missing name").status(1),
        Case::words("mkdir -p", "mkdir -pv a/b/c a/d").set_up("mkdir a"),
        Case::words("mkdir with a mode", "mkdir -m 1777 sticky"),
        Case::words("mkdir of what is there", "mkdir tree").set_up(TREE).status(1),
        Case::words("mkfifo and a mode", "mkfifo -m 622 pipe"),
        Case::words("mknod of a pipe", "mknod pipe p"),
        Case::words("names that look like options", "mv -v -- -dash --").set_up("touch -- -dash"),
        Case::new("names with blanks and newlines", ["cp", "a b", "new\nline"]).set_up("echo x >'a b'"),
    ]
}

fn blocks() -> Vec<Case> {
    vec![
        Case::words("dd copies", "dd if=in of=out bs=4k status=none").set_up("seq 1 30000 >in"),
        Case::words("dd counts", "dd if=in of=out bs=3 count=1000 skip=5 seek=7 conv=notrunc status=noxfer")
            .set_up("seq 1 30000 >in; seq 1 3000 >out"),
        Case::words("dd converts", "dd if=in conv=ucase,swab status=none").set_up("echo 'some text' >in"),
        Case::words("truncate shortens", "truncate -s 100 file").set_up("seq 1000 >file"),
        Case::words("truncate extends", "truncate -s +1M file").set_up("seq 1000 >file"),
        Case::words("fallocate by zeroes", "fallocate -x -l 100000 file").needs(&["fallocate"]),
        Case::words("shred then remove", "shred -u -n 1 file").set_up("seq 1000 >file"),
        Case::words("sync of a file", "sync file").set_up("seq 1000 >file"),
    ]
}
