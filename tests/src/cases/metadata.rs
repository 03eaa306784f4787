//! Programs that show and change what is known about files.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::words("stat of a file", "stat -c %n,%s,%a,%F,%h,%u,%g,%Y file")
            .set_up("seq 10 >file; chmod 640 file; touch -d @777 file"),
        Case::words("stat of kinds", "stat -c %n:%F:%N file folder link pipe /dev/null")
            .set_up("touch file; mkdir folder; ln -s file link; mkfifo pipe"),
        Case::words("stat of a file system", "stat -f -c %T /proc"),
        Case::words("stat of what is not there", "stat missing").status(1),
        Case::words("touch makes", "touch a b"),
        Case::words("touch sets a time", "touch -d 2001-09-09T01:46:40Z file"),
        Case::words("touch copies a time", "touch -r one two").set_up("touch -d @5000 one"),
        Case::words("touch -c makes nothing", "touch -c missing"),
        Case::words("chmod by letters", "chmod -v u+s,g-w,o=x file").set_up("touch file; chmod 664 file"),
        Case::words("chmod through a tree", "chmod -R a-w,u+X tree").set_up("mkdir -p tree/a; touch tree/a/b tree/c"),
        Case::words("chmod of what is not there", "chmod 600 missing").status(1),
        Case::words("chown to oneself", "chown --reference=one two").set_up("touch one two"),
        Case::words("umask is inherited", "touch file").prelude("umask 0037"),
        Case::words("umask of zero", "mkdir -m 777 all").prelude("umask 0"),
        Case::words("file permissions decide", "test -x file").set_up("touch file").status(1),
        Case::words("test compares times", "test new -nt old").set_up("touch -d @5 old; touch new"),
        Case::words("test of kinds", "test -p pipe -a -d . -a ! -e missing").set_up("mkfifo pipe"),
    ]
}
