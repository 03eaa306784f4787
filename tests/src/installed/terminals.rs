//! Programs that talk to a person, on a terminal that controls them. Each step waits for what the one before it brings,
//! so that the terminal sees the same on both sides.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let on_a_terminal = |case: Case| {
        case.prelude("set -- setsid --ctty --wait \"$@\"")
            .needs(&["setsid"])
            .variable("TERM", "vt100")
            .variable("PS1", "> ")
            .variable("INPUTRC", "inputrc")
            .variable("LESSHISTFILE", "-")
    };
    [bash(), vi(), less()].map(on_a_terminal).to_vec()
}

/// The shell that is stopped becomes what it runs: one that stops in vfork(2) would keep its parent from stopping, on Linux too.
fn bash() -> Case {
    Case::words("bash with a person", "bash --norc --noprofile -i")
        .types(&[
            ("> ", "echo $((6 * 7))\r"),
            ("42\r\n> ", "sh -c 'echo ready; exec sleep 60'\r"),
            ("\nready\r\n", "\x1a"),
            ("Stopped", ""),
            ("> ", "jobs\r"),
            ("Stopped", ""),
            ("> ", "kill -KILL %1; sleep 0.5\r"),
            ("Killed", ""),
            ("> ", "sh -c 'echo ready; exec sleep 60'\r"),
            ("\nready\r\n", "\x03"),
            ("> ", "echo $?\r"),
            ("130\r\n> ", "cat uni\t\r"),
            ("text\r\n> ", "\x1b[A\r"),
            ("text\r\n> ", "stty size; tty -s && echo terminal\r"),
            ("terminal\r\n> ", "exit 3\r"),
        ])
        .set_up("echo text >unique-name; echo 'set enable-bracketed-paste off' >inputrc")
        .needs(&["bash"])
        .status(3)
}

fn vi() -> Case {
    Case::words("vi with a person", "vi -u NONE -i NONE -n text")
        .types(&[
            ("2 lines", "Gohello\x1b"),
            ("hello", ":s/he/je/\r\x07"),
            ("line 3 of 3", "ggdd\x07"),
            ("line 1 of 2", ":wq\r"),
        ])
        .set_up("printf 'one\\ntwo\\n' >text")
        .needs(&["vi"])
}

fn less() -> Case {
    Case::words("less with a person", "less text")
        .types(&[("23\r\n", " "), ("45", "/77\r"), ("99", "G"), ("(END)", "q")])
        .set_up("seq 1 300 >text")
        .needs(&["less"])
}
