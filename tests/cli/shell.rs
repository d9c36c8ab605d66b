//! What `pipe` gives shells and `man`.

use std::process::Command;

use super::harness::Place;

#[test]
fn bash_completes_commands_and_options() {
    let place = Place::empty();
    place.write("completions.bash", &place.output(&["completions", "bash"]));
    let complete = |words: &str, at: usize| {
        let script = format!(
            "source completions.bash; COMP_WORDS=({words}); COMP_CWORD={at}; _pipe pipe \"${{COMP_WORDS[{at}]}}\" x; echo \
             \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &script]).current_dir(place.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let commands = complete("pipe ''", 1);
    for command in ["up", "down", "tail", "plan", "graph"] {
        assert!(commands.split_whitespace().any(|word| word == command), "{commands}");
    }
    assert_eq!(complete("pipe st", 1).trim(), "status");
    assert_eq!(complete("pipe status --exp", 2).trim(), "--explain");
}

#[test]
fn every_shell_has_completions() {
    let place = Place::empty();
    for (shell, sign) in
        [("zsh", "#compdef pipe"), ("fish", "complete -c pipe"), ("powershell", "Register-ArgumentCompleter")]
    {
        let script = place.output(&["completions", shell]);
        assert!(script.contains(sign) && script.contains("explain"), "{shell}: {script}");
    }
    place.pipe(&["completions", "tcsh"]).failed(64, &["bash", "zsh", "fish", "powershell"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::empty();
    let written = place.output(&["man", "--out", "man"]);
    let pages: Vec<&str> = written.lines().collect();
    assert!(pages.contains(&"man/pipe.1") && pages.contains(&"man/pipe-status.1"), "{written}");
    assert!(!place.has("man/pipe-help.1"));
    for page in &pages {
        let text = place.read(page);
        assert!(text.contains(".TH") && text.contains("SYNOPSIS") && text.contains("DESCRIPTION"), "{page}: {text}");
    }
    assert!(
        place.read("man/pipe-status.1").contains("pipe\\-status")
            || place.read("man/pipe-status.1").contains("pipe status")
    );
    assert_eq!(place.output(&["man"]).trim_end(), place.read("man/pipe.1").trim_end());
}
