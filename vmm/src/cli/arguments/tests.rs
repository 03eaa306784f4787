use super::*;

fn command(args: &[&str]) -> Result<Command, CliError> {
    parse(std::iter::once("lwk-vmm").chain(args.iter().copied()))
}

fn options(args: &[&str]) -> Options {
    match command(args) {
        Ok(Command::Run(options)) => *options,
        other => panic!("{args:?}: {other:?}"),
    }
}

fn mistake(args: &[&str]) -> String {
    let error = command(args).expect_err("refused");
    assert_eq!(error.exit_code(), 125);
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message:?}");
    message
}

#[test]
fn the_definition_is_consistent() {
    use clap::CommandFactory;
    CommandLine::command().debug_assert();
}

#[test]
fn no_option_is_needed() {
    let options = options(&["true"]);
    assert_eq!(options.argv(), ["true"]);
    assert_eq!(options.mem.bytes(), 1 << 30);
    assert_eq!((options.cpus, options.hugepages), (None, HugePages::Auto));
    assert_eq!(options.privilege, PrivilegeChoice::Auto);
}

#[test]
fn flags_end_at_the_first_positional() {
    assert_eq!(options(&["ls", "-l", "--mem", "x"]).argv(), ["ls", "-l", "--mem", "x"]);
    assert_eq!(options(&["ls", "--", "-l", "--help"]).argv(), ["ls", "--", "-l", "--help"]);
    assert_eq!(options(&["--kmsg", "--", "--mem", "-v"]).argv(), ["--mem", "-v"]);
    assert_eq!(options(&["ls", "doctor"]).argv(), ["ls", "doctor"]);
}

#[test]
fn doctor_is_a_command_only_where_it_stands_first_and_bare() {
    assert!(matches!(command(&["doctor"]), Ok(Command::Doctor { json: false })));
    assert!(matches!(command(&["doctor", "--json"]), Ok(Command::Doctor { json: true })));
    assert_eq!(options(&["--", "doctor", "--json"]).argv(), ["doctor", "--json"]);
    assert_eq!(options(&["./doctor"]).argv(), ["./doctor"]);
}

#[test]
fn noise_is_a_command_like_doctor_and_its_parts_are_hidden() {
    assert!(matches!(command(&["noise"]), Ok(Command::Noise(_))));
    assert_eq!(options(&["--", "noise", "--json"]).argv(), ["noise", "--json"]);
    assert!(matches!(command(&["__noise-sample", "x"]), Ok(Command::NoiseSample(order)) if order == "x"));
    assert!(matches!(command(&["__noise-partition", "x"]), Ok(Command::NoisePartition(order)) if order == "x"));
    match command(&["--help"]) {
        Ok(Command::Print(text)) => assert!(text.contains("lwk-vmm noise") && !text.contains("__noise"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn help_is_a_program_and_prefixes_of_doctor_too() {
    assert_eq!(options(&["help"]).argv(), ["help"]);
    assert_eq!(options(&["doct"]).argv(), ["doct"]);
}

#[test]
fn optional_values_need_an_equals_sign() {
    assert_eq!(options(&["--trace", "ls"]).trace, Some(Trace::Stderr));
    assert_eq!(options(&["--trace=a", "ls"]).trace, Some(Trace::File("a".into())));
    assert_eq!(options(&["ls"]).trace, None);
    assert_eq!(options(&["--stats", "ls"]).stats, Some(StatsFormat::Table));
    assert_eq!(options(&["--stats=json", "ls"]).stats, Some(StatsFormat::Json));
}

#[test]
fn the_last_of_repeated_options_counts() {
    assert_eq!(options(&["--mem", "1G", "--mem", "2G", "ls"]).mem.bytes(), 2 << 30);
}

#[test]
fn variables_of_all_options_add_up() {
    let options = options(&["--clear-env", "-e", "A=1", "--env=B=2", "-eC=3", "ls"]);
    let strings: Vec<OsString> = options.environment.strings().collect();
    assert_eq!(strings, ["A=1", "B=2", "C=3"]);
}

#[test]
fn help_and_version_are_for_stdout() {
    for flag in ["--help", "-h", "--version", "-V"] {
        assert!(matches!(command(&[flag]), Ok(Command::Print(_))), "{flag}");
    }
    let Ok(Command::Print(help)) = command(&["--help"]) else { panic!("no help") };
    assert!(help.contains("Examples:") && help.contains("--hugepages"));
}

#[test]
fn mistakes_are_one_line() {
    assert!(mistake(&[]).contains("PROGRAM"));
    assert!(mistake(&["--cpu", "1", "ls"]).contains("'--cpus'"));
    assert!(mistake(&["--mem", "0", "ls"]).contains("the size is 0"));
    assert!(mistake(&["--mem=lots", "ls"]).contains("512M"));
    assert!(mistake(&["--cpus", "3-1", "ls"]).contains("backwards"));
    assert!(mistake(&["--cpus=", "ls"]).contains("empty"));
    assert!(mistake(&["--hugepages", "4M", "ls"]).contains("[possible values: auto, 1G, 2M, thp, none]"));
    assert!(mistake(&["-e", "=x", "ls"]).contains("NAME=VALUE"));
    assert!(mistake(&["--env-file", "/nonexistent", "ls"]).contains("/nonexistent"));
    assert!(mistake(&["doctor", "--jsn"]).contains("--json"));
    assert!(mistake(&["--mem"]).contains("--mem"));
}

#[test]
fn arguments_need_not_be_utf8() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![0xff, b'a']);
    let args = ["lwk-vmm".into(), "ls".into(), odd.clone()];
    let Ok(Command::Run(options)) = parse(args) else { panic!("refused") };
    assert_eq!(options.argv()[1], odd);
}
