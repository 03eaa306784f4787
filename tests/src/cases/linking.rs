//! Every form in which a program comes: static, dynamic, at fixed addresses, position independent, of two C libraries.

use crate::case::Case;

/// Tells its arguments, touches thread-local data, the heap, constructors and the mathematical library.
const SOURCE: &str = r#"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static __thread int local = 7;
static char zeroed[100000];
__attribute__((constructor)) static void before(void) { local++; }
static void after(void) { printf("exit handler\n"); }
int main(int count, char **words)
{
    atexit(after);
    char *block = calloc(1000, 1000);
    memset(block, 'x', 1000000);
    for (int i = 0; i < count; i++)
        printf("%d %s\n", i, i ? words[i] : "program");
    printf("%d %d %c %.6f\n", local, zeroed[99999], block[999999], pow(2.0, 0.5));
    errno = ENOENT;
    perror("perror");
    struct timespec now;
    printf("%d %s\n", clock_gettime(CLOCK_MONOTONIC, &now), getenv("HOME") ? "home" : "no home");
    return 17;
}
"#;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        built("static, glibc", "gcc", "-static"),
        built("static at fixed addresses, glibc", "gcc", "-static -no-pie -O2"),
        built("static and position independent, glibc", "gcc", "-static-pie"),
        built("dynamic and position independent, glibc", "gcc", "-fpie -pie"),
        built("dynamic at fixed addresses, glibc", "gcc", "-no-pie"),
        built("dynamic with all symbols bound at start", "gcc", "-Wl,-z,now -Wl,-z,relro"),
        built("dynamic with old hashes and lazy binding", "gcc", "-Wl,--hash-style=sysv -Wl,-z,lazy -Wl,-z,norelro"),
        built("static with an executable stack", "gcc", "-static -z execstack"),
        built("static with separate code", "gcc", "-static -Wl,-z,separate-code -Wl,-z,max-page-size=0x200000"),
        built("static, musl", "musl-gcc", "-static"),
        built("dynamic, musl", "musl-gcc", "-fpie -pie"),
        built("static and position independent, musl", "musl-gcc", "-static-pie"),
    ];
    cases.extend(libraries());
    cases.extend(broken());
    cases
}

fn built(name: &str, compiler: &'static str, options: &str) -> Case {
    let set_up =
        format!("cat >program.c <<'end'\n{SOURCE}\nend\n{compiler} {options} -o program program.c -lm; rm program.c");
    Case::words(&format!("program, {name}"), "./program first second").set_up(&set_up).needs(&[compiler]).status(17)
}

fn libraries() -> Vec<Case> {
    let library = "printf 'int answer(void) { return 42; }' >l.c; gcc -shared -fPIC -o libl.so l.c; \
        printf '#include <stdio.h>\\nint answer(void); int main(void) { printf(\"%%d\\\\n\", answer()); }' >p.c; \
        gcc -o p p.c -L. -ll; ";
    let opened = "printf 'int answer(void) { return 43; }' >l.c; gcc -shared -fPIC -o libl.so l.c; \
        printf '#include <dlfcn.h>\\n#include <stdio.h>\\nint main(void) { void *l = dlopen(\"./libl.so\", RTLD_NOW); \
        int (*f)(void) = dlsym(l, \"answer\"); printf(\"%%d\\\\n\", f()); dlclose(l); \
        if (!dlopen(\"./none.so\", RTLD_NOW)) puts(dlerror()); }' >p.c; \
        gcc -o p p.c -ldl";
    vec![
        Case::words("library found through LD_LIBRARY_PATH", "./p")
            .set_up(library)
            .program_variable("LD_LIBRARY_PATH", ".")
            .needs(&["gcc"]),
        Case::words("library that is missing", "./p")
            .set_up(&format!("{library} rm libl.so"))
            .needs(&["gcc"])
            .status(127),
        Case::words("library preloaded", "cat file")
            .set_up(
                "printf '#include <stdio.h>\\n__attribute__((constructor)) void c(void) { puts(\"loaded\"); }' >l.c; \
                gcc -shared -fPIC -o l.so l.c; echo x >file",
            )
            .program_variable("LD_PRELOAD", "./l.so")
            .needs(&["gcc"]),
        Case::words("library opened at run time", "./p").set_up(opened).needs(&["gcc"]),
        Case::words("the dynamic linker as a program", "/lib64/ld-linux-x86-64.so.2 /bin/echo through the linker"),
        Case::words("all symbols bound at start by a variable", "/bin/echo x").program_variable("LD_BIND_NOW", "1"),
        Case::words("busybox as ls", "busybox ls -1 d").set_up("mkdir d; touch d/a d/b").needs(&["busybox"]),
        Case::words("busybox by a link", "./sort file")
            .set_up("ln -s $(command -v busybox) sort; printf 'b\\na\\n' >file")
            .needs(&["busybox"]),
        Case::words("busybox awk", "busybox awk BEGIN{print(2*10)}").needs(&["busybox"]),
        Case::words("busybox sha1sum", "busybox sha1sum file").set_up("seq 99999 >file").needs(&["busybox"]),
        Case::words("busybox vi of nothing fails", "busybox no-such-applet").needs(&["busybox"]).status(127),
        Case::words("busybox tar", "busybox tar -cf t.tar d")
            .set_up("mkdir d; seq 100 >d/a; touch -d @99 d/a d")
            .needs(&["busybox"]),
    ]
}

fn broken() -> Vec<Case> {
    vec![
        Case::words("program that is missing", "./missing").status(127),
        Case::words("program without permission", "./program")
            .set_up("cp /bin/true program; chmod 644 program")
            .status(126),
        Case::words("program that is a folder", "./folder").set_up("mkdir folder").status(126),
        Case::words("program that is cut short", "./program")
            .set_up("head -c 100 /bin/true >program; chmod 755 program")
            .status(126),
        Case::words("program of another machine", "./program")
            .set_up("{ head -c 18 /bin/true; printf '\\267\\000'; tail -c +21 /bin/true; } >program; chmod 755 program")
            .status(126),
        Case::words("program whose dynamic linker is missing", "./program")
            .set_up(
                "printf 'int main(void) { return 0; }' >p.c; \
                gcc -Wl,--dynamic-linker=/no/such/linker -o program p.c; rm p.c",
            )
            .needs(&["gcc"])
            .status(127),
        Case::words("program that is empty", "./program").set_up(":>program; chmod 755 program").status(126),
    ]
}
