//! Interpreters with real scripts: files, sockets, heaps, signals.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let python = PYTHON.iter().map(|(name, script, status)| {
        Case::new(name, ["python3", "-B", "-c", script]).status(*status).needs(&["python3"])
    });
    let perl = PERL
        .iter()
        .map(|(name, script, status)| Case::new(name, ["perl", "-e", script]).status(*status).needs(&["perl"]));
    python.chain(perl).collect()
}

const PYTHON: [(&str, &str, i32); 17] = [
    ("python3 says hello", "print('hello', 6 * 7)", 0),
    (
        "python3 with large numbers",
        "import math; print(math.factorial(2000) % (10**50 + 151)); print(2**5000 % 999983)",
        0,
    ),
    ("python3 reads and writes files", include_str!("scripts/files.py"), 0),
    ("python3 walks a tree", include_str!("scripts/walk.py"), 0),
    ("python3 serves TCP to itself", include_str!("scripts/tcp.py"), 0),
    ("python3 serves a Unix socket to itself", include_str!("scripts/unix.py"), 0),
    ("python3 sends datagrams and descriptors", include_str!("scripts/descriptors.py"), 0),
    ("python3 with asyncio", include_str!("scripts/asynchronous.py"), 0),
    ("python3 handles signals", include_str!("scripts/signals.py"), 0),
    ("python3 maps files", include_str!("scripts/maps.py"), 0),
    ("python3 with sqlite3 and json", include_str!("scripts/data.py"), 0),
    ("python3 compresses", include_str!("scripts/compress.py"), 0),
    ("python3 with a large heap", include_str!("scripts/heap.py"), 0),
    ("python3 calls C by ctypes", include_str!("scripts/ctypes.py"), 0),
    ("python3 fails with a trace", "def f(): raise ValueError('wrong')\nf()", 1),
    ("python3 ends with a status", "import sys; print('bye'); sys.exit(42)", 42),
    ("python3 kills itself", "import os, signal; print('bye', flush=True); os.kill(os.getpid(), signal.SIGKILL)", 137),
];

const PERL: [(&str, &str, i32); 6] = [
    ("perl sorts and joins", "print join(',', sort { $a <=> $b } map { $_ * 7919 % 1009 } 1..300), \"\\n\"", 0),
    ("perl reads and writes files", include_str!("scripts/files.pl"), 0),
    ("perl talks to itself by sockets", include_str!("scripts/sockets.pl"), 0),
    ("perl with patterns and hashes", include_str!("scripts/patterns.pl"), 0),
    (
        "perl sleeps until an alarm",
        "$SIG{ALRM} = sub { print \"alarm\\n\" }; alarm 1; my $s = sleep 10; print $s < 5 ? \"early\\n\" : \"late\\n\"",
        0,
    ),
    ("perl dies", "$! = 5; die \"dying\\n\"", 5),
];
