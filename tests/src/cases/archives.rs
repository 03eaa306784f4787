//! tar and the compressors; only in forms that need no second process and no thread.

use crate::case::Case;

const TREE: &str = "mkdir -p t/a/b; seq 20000 >t/numbers; cp /usr/bin/env t/a/program; ln -s numbers t/link; \
    ln t/numbers t/a/twin; mkfifo t/a/b/pipe; chmod 4711 t/a/program; find t -exec touch -h -d @1500000000 {} +";
const NUMBERS: &str = "seq 1 300000 >numbers; touch -d @1500000000 numbers";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::words("tar creates", "tar -cf t.tar --sort=name --format=gnu --owner=0 --group=0 t").set_up(TREE),
        Case::words("tar lists", "tar -tvf t.tar").set_up(&format!("{TREE}; tar -cf t.tar t")),
        Case::words("tar extracts", "tar -xpf t.tar -C out")
            .set_up(&format!("{TREE}; tar -cf t.tar t; rm -r t; mkdir out")),
        Case::words("tar to stdout", "tar -cf - --sort=name t").set_up(TREE),
        Case::words("tar appends and leaves out", "tar -rf t.tar --exclude=*.o t/a")
            .set_up(&format!("{TREE}; tar -cf t.tar t/numbers; touch t/a/x.o; touch -d @1500000000 t/a")),
        Case::words("tar of a broken archive", "tar -xf t.tar").set_up("seq 1000 >t.tar").status(2),
        Case::words("gzip", "gzip -9 -v numbers").set_up(NUMBERS),
        Case::words("gzip -d", "gzip -dk numbers.gz").set_up(&format!("{NUMBERS}; gzip numbers")),
        Case::words("gzip through a pipe", "gzip -nc").stdin("text ".repeat(50_000)),
        Case::words("gzip of a broken file", "gzip -t broken.gz")
            .set_up("seq 9999 | gzip -c | head -c 5000 >broken.gz")
            .status(1),
        Case::words("xz", "xz -T1 -6 numbers").set_up(NUMBERS).needs(&["xz"]),
        Case::words("xz -d", "xz -dc -T1 numbers.xz").set_up(&format!("{NUMBERS}; xz numbers")).needs(&["xz"]),
        Case::words("bzip2", "bzip2 -k numbers").set_up(NUMBERS).needs(&["bzip2"]),
        Case::words("bzip2 -d", "bunzip2 numbers.bz2").set_up(&format!("{NUMBERS}; bzip2 numbers")).needs(&["bzip2"]),
        Case::words("zstd", "zstd --single-thread --no-asyncio -q -19 -o n.zst numbers")
            .set_up("seq 1 20000 >numbers")
            .needs(&["zstd"]),
        Case::words("busybox gunzip", "busybox gunzip -c numbers.gz")
            .set_up(&format!("{NUMBERS}; gzip -n numbers"))
            .needs(&["busybox"]),
        Case::words("ar lists", "ar t lib.a").set_up("seq 5 >a.o; seq 6 >b.o; ar rcD lib.a a.o b.o").needs(&["ar"]),
    ]
}
