//! Programs that live on stdin and stdout, and generators.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = generators();
    cases.extend(through_pipes());
    cases
}

fn generators() -> Vec<Case> {
    vec![
        Case::words("echo", "echo hello world"),
        Case::new("printf formats", ["printf", "%s|%5d|%-6s|%x|%b\\n", "text", "42", "left", "255", "tab\\tx"]),
        Case::words("seq counts", "seq -w 8 2 200"),
        Case::words("seq of fractions", "seq -f %.3f 0 0.125 2"),
        Case::words("factor", "factor 1 97 1000000007 600851475143 18446744073709551615"),
        Case::words("expr computes", "expr 7 * 6 + 1"),
        Case::words("expr matches", "expr abcdef : .*c").status(0),
        Case::words("expr fails on zero", "expr 5 - 5").status(1),
        Case::words("basename", "basename /usr/lib/file.so .so"),
        Case::words("dirname", "dirname /usr/lib/file.so relative /"),
        Case::words("date of the epoch", "date -u -d @0"),
        Case::words("date in a format", "date -u -d 2024-02-29T12:34:56Z +%A,%j,%s"),
        Case::words("bc computes with many digits", "bc -l").stdin("scale=50; 4*a(1)\n2^200\n").needs(&["bc"]),
        Case::words("yes until nobody reads", "yes partition").close_stdout_after(100_000).status(141),
        Case::words("seq until nobody reads", "seq 1 100000000").close_stdout_after(1_000_000).status(141),
        Case::words("cat of an endless device until nobody reads", "cat /dev/zero")
            .close_stdout_after(1 << 20)
            .status(141),
    ]
}

fn through_pipes() -> Vec<Case> {
    let numbers: Vec<String> = (0..20_000).map(|number| (number * 7919 % 20_011).to_string()).collect();
    let numbers = numbers.join("\n");
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|number| (number * 31 % 251) as u8).collect();
    vec![
        Case::words("cat passes a megabyte through", "cat").stdin(&bytes),
        Case::words("cat reads a file as stdin", "cat").set_up("seq 1 1000 >file").stdin_file("file"),
        Case::words("cat of an empty stdin", "cat"),
        Case::words("cat of stdin by its name", "cat - /dev/stdin").stdin("once\n"),
        Case::words("sort from a pipe", "sort -n --parallel=1").stdin(&numbers),
        Case::words("wc of a pipe", "wc").stdin(&numbers),
        Case::words("tee writes to files and stdout", "tee one two").stdin("copied\n"),
        Case::words("tee appends", "tee -a one").set_up("echo before >one").stdin("after\n"),
        Case::words("base64 encodes", "base64").stdin(&bytes[..5000]),
        Case::words("base64 decodes", "base64 -d").stdin("cGFydGl0aW9uCg==\n"),
        Case::words("base64 refuses nonsense", "base64 -d").stdin("!!!\n").status(1),
        Case::words("md5sum of a pipe", "md5sum").stdin(&bytes),
        Case::words("head closes the pipe early", "head -n 1").stdin(&numbers),
        Case::words("dd in blocks from a pipe", "dd bs=1000 count=3 iflag=fullblock status=none").stdin(&bytes),
        Case::words("rev reverses", "rev").stdin("stressed\ndesserts\n"),
        Case::words("cksum of a pipe", "cksum").stdin(&bytes),
    ]
}
