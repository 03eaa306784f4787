//! How programs end: statuses, signals of their own, signals from outside.

use rustix::process::Signal;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::words("true", "true"),
        Case::words("false", "false").status(1),
        Case::shell("status 255", "exit 255").status(255),
        Case::shell("status 126", "exit 126").status(126),
        Case::words("perl fails", "perl -e no_such_function()").status(255).needs(&["perl"]),
    ];
    for (name, number) in
        [("HUP", 1), ("INT", 2), ("QUIT", 3), ("KILL", 9), ("SEGV", 11), ("PIPE", 13), ("ALRM", 14), ("TERM", 15)]
    {
        let script = format!("echo before; kill -{name} $$; echo after");
        cases.push(Case::shell(&format!("killed by its own SIG{name}"), &script).status(128 + number));
    }
    cases.extend(compiled());
    cases.extend(from_outside());
    cases
}

/// Programs that fault, as a user would first write them.
fn compiled() -> Vec<Case> {
    let program = |name: &str, body: &str, status: i32| {
        let source = format!(
            "#include <stdio.h>\n#include <stdlib.h>\nint main(int count, char **words) {{ (void)words; \
             puts(\"before\"); fflush(stdout); {body} return count; }}"
        );
        Case::words(name, "./program")
            .set_up(&format!("cat >program.c <<'end'\n{source}\nend\ngcc -w -O0 -o program program.c; rm program.c"))
            .needs(&["gcc"])
            .status(status)
    };
    vec![
        program("a null pointer", "*(volatile int *)0 = 1;", 139),
        program("a division by zero", "volatile int zero = 0; printf(\"%d\", 100 / zero);", 136),
        program("abort", "abort();", 134),
        program("an illegal instruction", "__builtin_trap();", 132),
        program("a stack that never ends", "char a[1 << 20]; a[0] = main(count + 1, words); return a[0];", 139),
        program("a write to a constant", "*(char *)\"constant\" = 'x';", 139),
        program("a double free", "char *p = malloc(10); free(p); free(p);", 134),
        program("_Exit without flushing", "printf(\"lost\"); _Exit(9);", 9),
        program("output without a newline", "printf(\"kept\"); return 9;", 9),
    ]
}

fn from_outside() -> Vec<Case> {
    let waits = "echo ready; read line; echo not reached";
    vec![
        Case::shell("SIGTERM from outside kills", waits).signal(Signal::TERM).status(143),
        Case::shell("SIGINT from outside kills", waits).signal(Signal::INT).status(130),
        Case::shell("SIGHUP from outside kills", waits).signal(Signal::HUP).status(129),
        Case::shell("SIGQUIT from outside kills", waits).signal(Signal::QUIT).status(131),
        Case::shell("SIGTERM from outside is handled", "trap 'echo caught; exit 7' TERM; echo ready; read line")
            .signal(Signal::TERM)
            .status(7),
        Case::shell("SIGHUP from outside is handled", "trap 'echo caught; exit 8' HUP; echo ready; read line")
            .signal(Signal::HUP)
            .status(8),
        Case::shell("SIGTERM hits a computation", "echo ready; while :; do :; done").signal(Signal::TERM).status(143),
        Case::new("SIGINT becomes an exception", ["python3", "-c", include_str!("scripts/interrupted.py")])
            .signal(Signal::INT)
            .needs(&["python3"]),
    ]
}
