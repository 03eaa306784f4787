//! Programs with much data: hundreds of megabytes through them, large heaps.

use crate::case::Case;

const BIG: &str = "seq 1 40000000 | head -c 200000000 >big";

pub(super) fn cases() -> Vec<Case> {
    let cases = vec![
        Case::words("sha256sum of 200 MB", "sha256sum big").set_up(BIG),
        Case::words("md5sum of 200 MB through stdin", "md5sum").set_up(BIG).stdin_file("big"),
        Case::words("cat of 200 MB into a file", "dd if=big of=copy bs=1M status=none").set_up(BIG),
        Case::words("wc of 200 MB", "wc big").set_up(BIG),
        Case::words("sort of two million lines", "sort -n --parallel=1 -S 200M -o sorted shuffled")
            .set_up("seq 1 2000000 | awk '{print ($1 * 7919) % 2000003, $1}' >shuffled"),
        Case::words("sort with little memory", "sort --parallel=1 -S 2M -T . -o sorted shuffled")
            .set_up("seq 1 300000 | awk '{print ($1 * 7919) % 300007, $1}' >shuffled"),
        Case::words("tac of 20 MB", "tac big").set_up("seq 1 3000000 | head -c 20000000 >big"),
        Case::words("base64 of 50 MB", "base64 -w0 big").set_up("seq 1 40000000 | head -c 50000000 >big"),
        Case::words("sha512sum checks", "sha512sum -c sums")
            .set_up("seq 1 500000 >one; seq 5 >two; sha512sum one two >sums"),
        Case::words("sha512sum finds what changed", "sha512sum -c sums")
            .set_up("seq 5 >one; sha512sum one >sums; seq 6 >one")
            .status(1),
        Case::words("b2sum and others", "b2sum big").set_up("seq 1 3000000 >big"),
        Case::words("cmp of 100 MB", "cmp one two").set_up("seq 1 12000000 >one; cp one two"),
        Case::words("grep -c in 100 MB", "grep -c 77 one").set_up("seq 1 12000000 >one"),
    ];
    cases.into_iter().map(|case| case.memory("2G").seconds(180)).collect()
}
