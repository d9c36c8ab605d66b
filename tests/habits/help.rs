//! What `--help` says, command by command.

use super::{pipe, root};

/// The commands, as `pipe --help` lists them.
fn commands() -> Vec<String> {
    let output = pipe(root()).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, listed) = help.split_once("Commands:\n").unwrap();
    let lines = listed.lines().take_while(|line| !line.is_empty());
    // What a line goes on with is indented further.
    let names = lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    for command in [String::new()].into_iter().chain(commands) {
        let mut pipe = pipe(root());
        if !command.is_empty() {
            pipe.arg(&command);
        }
        let output = pipe.arg("--help").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        let name = if command.is_empty() { "pipe" } else { &command };
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("help");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, String::from_utf8(output.stdout).unwrap()));
    }
}
