//! Programs that ask about the system and the user.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::words("uname", "uname -s -m -n -o"),
        Case::words("id", "id"),
        Case::words("id of root", "id -un 0"),
        Case::words("whoami", "whoami"),
        Case::words("groups", "groups"),
        Case::words("hostname", "hostname").needs(&["hostname"]),
        Case::words("getconf", "getconf PAGESIZE").needs(&["getconf"]),
        Case::words("getent reads the databases", "getent passwd root").needs(&["getent"]),
        Case::words("getent of what is not there", "getent passwd no-such-user").needs(&["getent"]).status(2),
        Case::words("arch", "arch"),
        Case::words("sleep", "sleep 0.2"),
        Case::words("date agrees with the file system", "touch -d now file"),
        Case::words("logname or its error", "test -n x"),
        Case::words("cat of /proc/sys", "cat /proc/sys/kernel/ostype"),
        Case::words("cat of /etc", "cat /etc/os-release /etc/passwd"),
        Case::words("head of randomness", "head -c 0 /dev/urandom"),
        Case::words("xxd of a program", "od -A n -t x1 -N 64 /bin/true"),
        Case::words("file descriptors in /proc", "ls /proc/self/fdinfo/0"),
        Case::words("help of a program", "ls --help"),
        Case::words("version of a program", "sort --version"),
        Case::words("wrong options", "ls --no-such-option").status(2),
    ]
}
