//! Scripts: the `#!` line, and shells that use builtins alone.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = interpreters();
    cases.extend(shells());
    cases
}

/// A case that runs `./script`, made with mode 755.
fn script(name: &str, text: &str, arguments: &[&str]) -> Case {
    let argv = [&["./script"], arguments].concat();
    Case::new(name, argv).set_up(&format!("cat >script <<'end'\n{text}\nend\nchmod 755 script"))
}

fn interpreters() -> Vec<Case> {
    let nested = "printf '#!/usr/bin/awk -f\\n{ print NR, $0 }\\n' >inner; \
        printf '#!%s/inner\\n' \"$PWD\" >script; chmod 755 inner script";
    vec![
        script("script of sh", "#!/bin/sh\necho \"$0 has $# arguments: $*\"", &["one", "two three"]),
        script("script of awk", "#!/usr/bin/awk -f\nBEGIN { print \"awk\", ARGC, ARGV[1] }", &["argument"]),
        script("script of python3", "#!/usr/bin/python3 -B\nimport sys\nprint(sys.argv)", &["a", ""])
            .needs(&["python3"]),
        script("script of perl with an option", "#!/usr/bin/perl -w\nprint \"$0 @ARGV\\n\";", &["x", "y"])
            .needs(&["perl"]),
        script("script of sed", "#!/bin/sed -nf\ns/a/b/p", &["script"]),
        script("script with blanks before the interpreter", "#!  /bin/sh   -e\nfalse\necho not reached", &[]).status(1),
        script("script of cat shows itself", "#!/bin/cat\nthe text", &[]),
        script("script of an interpreter that is missing", "#!/no/such/interpreter\n", &[]).status(127),
        Case::words("script of a script", "./script script").set_up(nested),
        Case::words("script found through PATH", "tool x")
            .set_up("mkdir bin; printf '#!/bin/sh\necho $0 $1\n' >bin/tool; chmod 755 bin/tool")
            .variable("PATH", "bin:/usr/bin:/bin"),
        Case::words("text without an interpreter line", "./text")
            .set_up("echo plain >text; chmod 755 text")
            .status(126),
    ]
}

fn shells() -> Vec<Case> {
    vec![
        Case::shell("sh computes", "i=0; s=0; while [ $i -lt 20000 ]; do s=$((s + i)); i=$((i + 1)); done; echo $s"),
        Case::shell("sh reads lines", "while read a b; do echo \"$b $a\"; done").stdin("1 one\n2 two\n"),
        Case::shell(
            "sh redirects",
            "echo out >file; echo more >>file; read x <file; echo \"$x\"; \
             exec 5>other; echo five >&5",
        ),
        Case::shell(
            "sh expands names",
            "touch() { :>\"$1\"; }; touch a1; touch a2; touch b1; \
             echo a* [!a]*; set -- *; echo $#",
        ),
        Case::shell("sh changes its folder", "cd sub && pwd -P && cd .. && echo ${PWD##*/}").set_up("mkdir sub"),
        Case::shell(
            "sh with functions and cases",
            "f() { case $1 in a*) return 3;; *) return 4;; esac; }; \
             f abc; echo $?; f xyz; echo $?",
        ),
        Case::shell("sh traps its exit", "trap 'echo leaving' EXIT; echo working; exit 5").status(5),
        Case::shell("sh traps a signal", "trap 'echo caught' USR1; kill -USR1 $$; echo after"),
        Case::shell("sh with a here document", "read first; while read line; do last=$line; done; echo $first $last")
            .stdin("one\ntwo\nthree\n"),
        Case::words("bash with arrays and patterns", "bash script")
            .set_up(
                "cat >script <<'end'\ndeclare -A m=([a]=1 [b]=2); for k in a b; do echo $k ${m[$k]}; done\n\
                [[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo ${BASH_REMATCH[2]}\n\
                printf -v x '%05d' 42; echo $x; mapfile -t l <script; echo ${#l[@]}\nend",
            )
            .needs(&["bash"]),
        Case::shell("sh with limits", "ulimit -n 64; ulimit -n; ulimit -s"),
        Case::shell("sh with times and umask", "umask 027; umask; :>file; test -r file && echo readable"),
    ]
}
