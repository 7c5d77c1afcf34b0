//! Help of every command, version and completions.

use crate::harness::{Home, assert_picture};

#[test]
fn every_command_has_help_with_examples() {
    let home = Home::new();
    for (name, command) in [
        ("help", vec![]),
        ("help_package", vec!["package"]),
        ("help_package_publish", vec!["package", "publish"]),
        ("help_package_verify", vec!["package", "verify"]),
        ("help_package_create", vec!["package", "create"]),
        ("help_package_list", vec!["package", "list"]),
        ("help_package_show", vec!["package", "show"]),
        ("help_package_delete", vec!["package", "delete"]),
        ("help_manifest", vec!["manifest"]),
        ("help_manifest_init", vec!["manifest", "init"]),
        ("help_manifest_check", vec!["manifest", "check"]),
        ("help_manifest_schema", vec!["manifest", "schema"]),
        ("help_auth", vec!["auth"]),
        ("help_auth_status", vec!["auth", "status"]),
        ("help_auth_login", vec!["auth", "login"]),
        ("help_auth_logout", vec!["auth", "logout"]),
        ("help_emulator", vec!["emulator"]),
        ("help_completions", vec!["completions"]),
    ] {
        let run = home.run(&[&command[..], &["--help"]].concat()).succeeded();
        assert!(run.stdout.contains("\nExamples:\n"), "{name}");
        assert_picture!(name, run);
    }
}

#[test]
fn prints_its_version() {
    let run = Home::new().run(&["--version"]).succeeded();
    assert_eq!(run.stdout, format!("iotda-ota {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
#[cfg(unix)]
fn completions_of_bash_complete_values_of_subcommands() {
    let home = Home::new();
    let script = home.file("completions.bash", home.run(&["completions", "bash"]).succeeded().stdout);
    let complete = format!(
        "source {}; COMP_WORDS=(iotda-ota package publish --if-exists ''); COMP_CWORD=4; \
         _iotda__ota iotda-ota '' --if-exists; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    match std::process::Command::new("bash").args(["--norc", "-c", &complete]).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "fail skip verify replace"),
        // Not every Unix has bash.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}

#[test]
fn prints_completions_for_every_shell() {
    let home = Home::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = home.run(&["completions", shell]).succeeded();
        for word in ["iotda-ota", "publish", "support-source-version"] {
            assert!(run.stdout.contains(word), "{word} for {shell}");
        }
        // The others do not complete values.
        if ["bash", "fish", "zsh"].contains(&shell) {
            assert!(run.stdout.contains("software"), "{shell}");
        }
    }
}
