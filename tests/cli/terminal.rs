//! `auth login` on a terminal: the password is not shown, and the terminal is put right however it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};

use iotda_ota_emulator::InstanceKind;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, tcgetattr};

use crate::harness::{Home, Run, assert_picture};
use crate::instance::Instance;

const LOGIN: [&str; 6] = ["auth", "login", "--username", "emulator-user", "--domain", "emulator-domain"];

/// A terminal with a command on it, which has asked for the password.
struct Session {
    home: Home,
    child: Child,
    /// The end at which a person would sit.
    keyboard: File,
    /// The end that the command has; kept, so that its modes can be looked at when the command has ended.
    terminal: File,
    before: Termios,
    /// What the screen showed.
    screen: String,
}

impl Session {
    fn start(instance: &Instance) -> Self {
        Self::start_by(instance, &[])
    }

    /// The same, started by a program with these arguments.
    fn start_by(instance: &Instance, starter: &[&str]) -> Self {
        let home = Home::new();
        let keyboard: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let terminal = OpenOptions::new().read(true).write(true).custom_flags(NOCTTY).open(name).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        // `setsid` makes it the command's own terminal, as a shell would.
        let login = home.command(&LOGIN);
        let mut command = Command::new("setsid");
        command.arg("--ctty").args(starter).arg(login.get_program()).args(login.get_args()).current_dir(home.path("."));
        command.env_clear().envs(login.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("IOTDA_OTA_STATE_DIR", "state");
        command.envs(instance.place());
        let child = command.stdin(terminal.try_clone().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        let mut session = Self { home, child, keyboard: keyboard.into(), terminal, before, screen: String::new() };
        session.read_until("(not shown): ");
        session
    }

    fn read_until(&mut self, end: &str) {
        let mut block = [0; 256];
        while !self.screen.ends_with(end) {
            let count = self.keyboard.read(&mut block).unwrap();
            self.screen.push_str(&String::from_utf8_lossy(&block[..count]));
        }
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&self.terminal).unwrap().local_modes
    }

    fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for the end. The terminal has to be as it was before.
    fn end(self) -> Run {
        let output = self.child.wait_with_output().unwrap();
        let after = tcgetattr(&self.terminal).unwrap();
        assert_eq!(after.local_modes, self.before.local_modes);
        assert_eq!(format!("{:?}", after.special_codes), format!("{:?}", self.before.special_codes));
        Run::new(&output, &self.home.path("."))
    }
}

/// `O_NOCTTY` of Linux: the test itself does not want the terminal.
const NOCTTY: i32 = 0o400;

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let instance = Instance::start(InstanceKind::Any);
    let mut session = Session::start(&instance);
    assert_eq!(session.screen, "Password of emulator-user (not shown): ");
    assert!(!session.modes().contains(LocalModes::ECHO));
    // What is typed can be corrected, as everywhere.
    session.type_in("emulator-passwrod\u{7f}\u{7f}\u{7f}ord\n");
    session.read_until("\n");
    assert_eq!(session.screen, "Password of emulator-user (not shown): \r\n");
    let run = session.end().succeeded();
    assert!(run.stdout.contains("emulator-user of emulator-domain"), "{}", run.stdout);
}

#[test]
fn ctrl_c_during_the_question_puts_the_terminal_right() {
    let instance = Instance::start(InstanceKind::Any);
    let mut session = Session::start(&instance);
    session.type_in("half a passw\u{3}");
    session.read_until("\n");
    assert!(!session.screen.contains("passw"), "{}", session.screen);
    let run = session.end();
    assert_picture!("terminal_interrupted", run.failed(130));
}

#[test]
fn a_signal_from_outside_during_the_question_puts_the_terminal_right() {
    let instance = Instance::start(InstanceKind::Any);
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129), ("-QUIT", 131)] {
        let mut session = Session::start(&instance);
        session.type_in("half a password");
        session.signal(signal);
        let run = session.end().failed(code);
        assert!(run.stderr.contains("nothing was kept"), "{}", run.stderr);
    }
}

#[test]
fn ctrl_z_during_the_question_gives_the_terminal_back_until_the_command_goes_on() {
    let instance = Instance::start(InstanceKind::Any);
    // A shell with job control, which goes on with the command when it is given a line.
    let script = r#"set -m; "$@"; printf 'stopped\n' > /dev/tty; read -r line < /dev/tty; fg > /dev/null"#;
    let mut session = Session::start_by(&instance, &["sh", "-c", script, "sh"]);
    session.type_in("half a passw\u{1a}");
    session.read_until("stopped\r\n");
    assert!(!session.screen.contains("passw"), "{}", session.screen);
    assert_eq!(session.modes(), session.before.local_modes);
    session.type_in("\n");
    session.read_until("(not shown): ");
    assert!(!session.modes().contains(LocalModes::ECHO));
    session.type_in("emulator-password\n");
    let run = session.end().succeeded();
    assert!(run.stdout.contains("emulator-user of emulator-domain"), "{}", run.stdout);
}

#[test]
fn where_no_shell_could_let_it_go_on_the_question_stays() {
    let instance = Instance::start(InstanceKind::Any);
    let mut session = Session::start(&instance);
    session.signal("-TSTP");
    session.read_until("\r\nPassword of emulator-user (not shown): ");
    assert!(!session.modes().contains(LocalModes::ECHO));
    session.type_in("emulator-password\n");
    session.end().succeeded();
}

#[test]
fn an_empty_answer_and_the_end_of_input_are_no_password() {
    let instance = Instance::start(InstanceKind::Any);
    for answer in ["\n", "\u{4}"] {
        let mut session = Session::start(&instance);
        session.type_in(answer);
        let run = session.end().failed(2);
        assert!(run.stderr.contains("the password is empty"), "{}", run.stderr);
    }
}
