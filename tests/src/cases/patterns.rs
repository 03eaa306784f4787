//! grep, sed and awk.

use crate::case::Case;

const TREE: &str = "mkdir -p a/b/c; echo 'needle here' >a/one; seq 100 >a/b/two; echo 'a needle' >a/b/c/three; \
    printf 'needle\\000binary' >a/bin";
const TABLE: &str = "for i in 1 2 3 4 5; do echo \"row$i $((i * i)) group$((i % 2))\"; done >table";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::words("grep finds lines", "grep -n 9 numbers").set_up("seq 1 200 >numbers"),
        Case::words("grep finds nothing", "grep absent numbers").set_up("seq 10 >numbers").status(1),
        Case::words("grep without its file", "grep pattern missing").status(2),
        Case::words("grep with a bad pattern", "grep -E ( numbers").set_up("seq 10 >numbers").status(2),
        Case::words("grep through a tree", "grep -r needle a").set_up(TREE),
        Case::words("grep lists files", "grep -rlc needle a").set_up(TREE),
        Case::words("grep with extended patterns", "grep -Eo [0-9]{2}(5|7)$ numbers").set_up("seq 1 2000 >numbers"),
        Case::words("grep with Perl's patterns", "grep -P ^(\\d)\\1$ numbers").set_up("seq 1 2000 >numbers"),
        Case::words("grep through the headers of the system", "grep -rc include /usr/include/linux").seconds(120),
        Case::words("grep -q stops at the first", "grep -q 5 numbers").set_up("seq 1 100000 >numbers"),
        Case::words("sed substitutes", "sed s/\\([a-z]*\\)\\([0-9]\\)/\\2\\1/ table").set_up(TABLE),
        Case::words("sed in place", "sed -i s/row/line/g table").set_up(TABLE),
        Case::words("sed in place with a copy", "sed -i.bak 2d table").set_up(TABLE),
        Case::words("sed prints ranges", "sed -n /row2/,/row4/p table").set_up(TABLE),
        Case::words("sed writes files", "sed -n w{table}.out table").set_up(TABLE),
        Case::new("sed holds and swaps", ["sed", "-n", "1!G;h;$p", "table"]).set_up(TABLE),
        Case::words("sed with a bad command", "sed k table").set_up(TABLE).status(1),
        Case::new("awk sums by group", ["awk", "{s[$3]+=$2} END {for (g in s) print g, s[g]}", "table"]).set_up(TABLE),
        Case::new("awk formats", ["awk", "{printf \"%-8s|%6.2f|%05d\\n\", $1, $2/3, $2}", "table"]).set_up(TABLE),
        Case::new("awk computes", ["awk", "BEGIN {for (i=0;i<200000;i++) x+=sin(i)*sqrt(i); printf \"%.6f\\n\", x}"]),
        Case::new("awk splits and joins", ["awk", "-F:", "-v", "OFS=-", "{$1=$1; print NR, NF, $0}", "colons"])
            .set_up("printf 'a:b:c\\nd:e\\n\\n' >colons"),
        Case::new("awk writes files", ["awk", "{print $1 > $3 \".out\"}", "table"]).set_up(TABLE),
        Case::new("awk ends with a status", ["awk", "BEGIN {exit 9}"]).status(9),
        Case::new("awk reads stdin and a file", ["awk", "{print FILENAME, $0}", "-", "file"])
            .set_up("echo second >file")
            .stdin("first\n"),
    ]
}
