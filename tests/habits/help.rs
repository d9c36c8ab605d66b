//! What `--help` says, command by command.

use super::{pipe, root};

#[test]
fn every_command_explains_itself() {
    for command in ["", "init", "import", "check", "plan", "render", "up", "generate", "tail", "status", "test", "down"]
    {
        let mut pipe = pipe(root());
        if !command.is_empty() {
            pipe.arg(command);
        }
        let output = pipe.arg("--help").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        let name = if command.is_empty() { "pipe" } else { command };
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("help");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, String::from_utf8(output.stdout).unwrap()));
    }
}
