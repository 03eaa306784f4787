//! What reaches the program from its command line and environment.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = arguments();
    cases.extend(environment());
    cases
}

fn arguments() -> Vec<Case> {
    let format = "<%s>\\n";
    let many: Vec<String> = (0..4000).map(|number| format!("argument-{number}")).collect();
    let longest = "x".repeat(131_000);
    vec![
        Case::new("no arguments at all", ["true"]),
        Case::new("empty arguments", ["printf", format, "", "", "last"]),
        Case::new("blanks, newlines and quotes", ["printf", format, "a b", "c\nd", "'e\"", "$HOME `f` \\", "*"]),
        Case::new(
            "bytes that are no text",
            [b"printf".to_vec(), b"<%s>\\n".to_vec(), vec![0xff, 0xfe, 0x01, b'x']].map(into_os),
        ),
        Case::new("letters beyond ASCII", ["printf", format, "\u{e4}\u{f6}\u{fc}", "\u{20ac}", "\u{1f600}"]),
        Case::new("arguments that look like options", ["echo", "--cpus", "3", "-e", "X=1", "--", "--help"]),
        Case::new("four thousand arguments", ["echo".to_owned()].into_iter().chain(many)),
        Case::new("an argument of nearly 128 KiB", ["echo", &longest]),
        Case::new("arguments of a megabyte", ["echo".to_owned()].into_iter().chain(vec!["y".repeat(100_000); 10])),
        Case::new("a name with a path", ["/bin/echo", "path"]),
        Case::new("a relative path", ["./bin/tool", "x"]).set_up("mkdir bin; cp /bin/echo bin/tool"),
        Case::new("a path through a link", ["./link", "x"]).set_up("ln -s /bin/echo link"),
    ]
}

fn into_os(bytes: Vec<u8>) -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

fn environment() -> Vec<Case> {
    let large = "v".repeat(100_000);
    let mut crowded = Case::words("a thousand variables", "env").set_up("true");
    for number in 0..1000 {
        crowded = crowded.variable(&format!("VARIABLE_{number}"), &number.to_string());
    }
    vec![
        Case::words("the environment passes through", "env").variable("ODD", "a=b c\nd").variable("EMPTY", ""),
        Case::words("a large variable", "printenv LARGE").variable("LARGE", &large),
        crowded,
        Case::words("a variable that is not set", "printenv NO_SUCH_VARIABLE").status(1),
        Case::words("the time zone counts", "date -d @0 +%H:%M,%Z").variable("TZ", "CET-1CEST"),
        Case::words("--env sets", "printenv ONE TWO")
            .variable("ONE", "1")
            .variable("TWO", "deux")
            .options(["-e", "ONE=1", "--env", "TWO=deux"]),
        Case::words("--env passes", "printenv OUTER").variable("OUTER", "from outside").options([
            "--clear-env",
            "-e",
            "OUTER",
            "-e",
            "PATH",
        ]),
        Case::words("--workdir changes the folder", "cat file")
            .set_up("mkdir sub; echo in sub >sub/file; echo in sub >file")
            .options(["--workdir", "sub"]),
    ]
}
