//! What the program inherits: descriptors, the folder, a terminal, limits.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::shell("a descriptor for reading", "read line <&3; echo $line")
            .set_up("echo third >file")
            .prelude("exec 3<file"),
        Case::shell("a descriptor for writing", "echo ninth >&9").prelude("exec 9>file"),
        Case::shell("a position is shared", "read line; echo $line")
            .set_up("printf 'one\\ntwo\\n' >file")
            .prelude("exec <file; read first"),
        Case::words("an appending stdout", "echo second").set_up("echo first >file").prelude("exec >>file"),
        Case::words("stdout into a file", "seq 1 10000").prelude("exec >out"),
        Case::words("stderr into stdout", "ls missing").prelude("exec 2>&1").status(2),
        Case::words("stdin closed", "cat").prelude("exec <&-").status(1),
        Case::words("stdout closed", "echo lost").prelude("exec >&-").status(1),
        Case::words("stderr closed", "ls missing").prelude("exec 2>&-").status(2),
        Case::words("everything closed", "true").prelude("exec <&- >&- 2>&-"),
        Case::words("a full device as stdout", "echo lost").prelude("exec >/dev/full").status(1),
        Case::words("another folder", "pwd").set_up("mkdir -p a/b").prelude("cd a/b"),
        Case::words("a folder that was removed", "cat file")
            .set_up("mkdir gone")
            .prelude("cd gone; rmdir ../gone")
            .status(1),
        Case::shell("a limit of descriptors", "ulimit -n; exec 8<file && echo low; ulimit -f")
            .set_up(":>file")
            .prelude("ulimit -n 256; ulimit -S -f 2000"),
        Case::words("a limit of file sizes", "dd if=/dev/zero of=file bs=1000 count=100 status=none")
            .prelude("ulimit -S -f 10")
            .status(153),
        Case::words("SIGPIPE ignored is inherited", "seq 1 1000000")
            .prelude("trap '' PIPE")
            .close_stdout_after(1000)
            .status(1),
        Case::words("the size of a terminal", "stty size").on_a_terminal(),
        Case::words("modes of a terminal", "stty -a").on_a_terminal(),
        Case::words("a terminal is changed and back", "stty raw -echo").on_a_terminal(),
        Case::shell("a terminal is noticed", "test -t 0 -a -t 1 -a -t 2 && echo terminal").on_a_terminal(),
        Case::words("no terminal is noticed", "tty").status(1),
        Case::new("python3 asks for the size", ["python3", "-c", "import os; print(os.get_terminal_size())"])
            .on_a_terminal()
            .needs(&["python3"]),
    ]
}
