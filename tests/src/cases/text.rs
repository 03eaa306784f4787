//! Programs that read text and write text.

use crate::case::Case;

const WORDS: &str = "printf 'pear 3\\napple 10\\nfig 2\\napple 10\\nplum 1\\nfig 2\\n' >words";
const NUMBERS: &str = "seq 1 5000 >numbers";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = whole_files();
    cases.extend(columns());
    cases.extend(two_files());
    cases
}

fn whole_files() -> Vec<Case> {
    vec![
        Case::words("cat joins files", "cat -n words words").set_up(WORDS),
        Case::words("cat shows what cannot be seen", "cat -A bytes").set_up("printf 'tab\\there\\001\\377\\n' >bytes"),
        Case::words("tac reverses lines", "tac numbers").set_up(NUMBERS),
        Case::words("sort by words", "sort words").set_up(WORDS),
        Case::words("sort by number, backwards", "sort -k2,2nr -k1,1 words").set_up(WORDS),
        Case::words("sort without repeats into a file", "sort -u -o sorted words").set_up(WORDS),
        Case::words("sort checks the order", "sort -c words").set_up(WORDS).status(1),
        Case::words("uniq counts neighbours", "uniq -c words").set_up("printf 'a\\na\\nb\\na\\n' >words"),
        Case::words("wc counts lines, words and bytes", "wc words numbers")
            .set_up("seq 10 >words; seq 1 5000 >numbers"),
        Case::words("head of a file", "head -n 3 numbers").set_up(NUMBERS),
        Case::words("head without the end", "head -c -20 numbers").set_up(NUMBERS),
        Case::words("tail of a file", "tail -n 4 numbers").set_up(NUMBERS),
        Case::words("tail by bytes", "tail -c 100 numbers").set_up(NUMBERS),
        Case::words("nl numbers lines", "nl -ba -w4 words").set_up(WORDS),
        Case::words("od shows bytes", "od -A x -t x1z numbers").set_up("seq 1 100 >numbers"),
        Case::words("fmt fills paragraphs", "fmt -w 40 prose").set_up("seq -s ' ' 1 300 >prose"),
        Case::words("fold breaks lines", "fold -s -w 20 prose").set_up("seq -s ' ' 1 100 >prose"),
        Case::words("pr paginates", "pr -h title -l 30 -2 numbers").set_up("seq 1 80 >numbers; touch -d @0 numbers"),
        Case::words("tsort orders pairs", "tsort pairs").set_up("printf 'a b\\nb c\\na c\\n' >pairs"),
        Case::words("tsort finds a loop", "tsort pairs").set_up("printf 'a b\\nb a\\n' >pairs").status(1),
        Case::words("shuf with a source of randomness", "shuf --random-source=source numbers")
            .set_up("seq 1 100 >numbers; seq 1 10000 >source"),
        Case::words("csplit cuts at a pattern", "csplit chapters /^chapter/ {*}")
            .set_up("for i in 1 2 3; do echo chapter $i; seq $i 20; done >chapters"),
        Case::words("split by lines", "split -l 700 -d numbers part-").set_up(NUMBERS),
        Case::words("split by bytes", "split -b 4k numbers part-").set_up(NUMBERS),
    ]
}

fn columns() -> Vec<Case> {
    vec![
        Case::words("cut takes fields", "cut -d: -f1,3- passwd").set_up("printf 'a:b:c:d\\ne:f\\nnone\\n' >passwd"),
        Case::words("cut takes characters", "cut -c 2-4 words").set_up(WORDS),
        Case::new("tr translates", ["tr", "a-z", "A-Z"]).stdin("mixed Case Text\n"),
        Case::new("tr deletes and squeezes", ["tr", "-ds", "0-9", " "]).stdin("a1  b22   c\n"),
        Case::words("expand turns tabs into blanks", "expand -t 4 tabs").set_up("printf 'a\\tb\\t\\tc\\n' >tabs"),
        Case::words("unexpand turns blanks into tabs", "unexpand -a blanks")
            .set_up("printf '        a       b\\n' >blanks"),
        Case::words("numfmt scales", "numfmt --to=iec --format=%.2f 1024 1500000 99999999999"),
        Case::words("paste joins lines", "paste -d, one two").set_up("seq 1 5 >one; seq 6 8 >two"),
        Case::words("column sums in awk", "awk {s+=$2}END{print(s)} words").set_up(WORDS),
    ]
}

fn two_files() -> Vec<Case> {
    let set_up = "seq 1 2 30 >odd; seq 1 3 30 >third; sort -o odd odd; sort -o third third";
    vec![
        Case::words("comm shows what is common", "comm -12 odd third").set_up(set_up),
        Case::words("comm in three columns", "comm odd third").set_up(set_up),
        Case::words("join by the first field", "join left right")
            .set_up("printf 'a 1\\nb 2\\nc 3\\n' >left; printf 'a x\\nc y\\nd z\\n' >right"),
        Case::words("diff of files that differ", "diff -u odd third --label left --label right")
            .set_up(set_up)
            .status(1),
        Case::words("diff of equal files", "diff odd copy").set_up("seq 9 >odd; seq 9 >copy"),
        Case::words("diff of folders", "diff -r one two")
            .set_up("mkdir one two; seq 3 >one/a; seq 4 >two/a; echo only >two/b")
            .status(1),
        Case::words("cmp names the first difference", "cmp odd third").set_up(set_up).status(1),
        Case::words("cmp lists differences", "cmp -l odd third").set_up(set_up).status(1),
    ]
}
