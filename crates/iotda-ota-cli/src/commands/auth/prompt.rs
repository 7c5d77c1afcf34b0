//! Asking on the terminal for something that is not shown.

use super::password::Read;

#[cfg(not(unix))]
pub(super) use self::other::Prompt;
#[cfg(unix)]
pub(super) use self::unix::Prompt;

#[cfg(unix)]
mod unix {
    use std::fs::{File, OpenOptions};
    use std::io::{self, Write};

    use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

    use super::super::password::first_line;
    use super::*;

    /// The value of a control character that is switched off (`_POSIX_VDISABLE`).
    const OFF: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xff };

    /// The terminal, which shows what is typed again when this is dropped. Whoever waits for an answer in another thread
    /// keeps this one, so that the terminal is put right although nobody answers.
    #[derive(Debug)]
    pub(in super::super) struct Prompt {
        terminal: File,
        before: Termios,
        answered: bool,
    }

    impl Prompt {
        /// Asks. From here on nothing that is typed is shown but the end of the line.
        pub(in super::super) fn ask(question: &str) -> io::Result<Self> {
            let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            let before = termios::tcgetattr(&terminal)?;
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            // Whole lines, that can be corrected while they are typed; Ctrl-C still arrives as a signal.
            hidden.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
            // These would stop or end the process without giving it a chance to put the terminal right.
            for code in [SpecialCodeIndex::VQUIT, SpecialCodeIndex::VSUSP] {
                hidden.special_codes[code] = OFF;
            }
            termios::tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
            let asked = terminal.write_all(question.as_bytes());
            let prompt = Self { terminal, before, answered: false };
            asked.map(|()| prompt)
        }

        /// Waits for the answer.
        pub(in super::super) fn answer(&self) -> io::Result<impl FnOnce() -> Read + use<>> {
            let terminal = self.terminal.try_clone()?;
            Ok(move || first_line(terminal))
        }

        /// Puts the terminal right after an answer, and keeps what else was typed.
        pub(in super::super) fn answered(mut self) {
            self.answered = true;
        }
    }

    impl Drop for Prompt {
        fn drop(&mut self) {
            // What was typed of a password must not be left to the shell, which would show it.
            let action = if self.answered { OptionalActions::Now } else { OptionalActions::Flush };
            // A terminal that is gone needs no putting right.
            let _ = termios::tcsetattr(&self.terminal, action, &self.before);
            if !self.answered {
                let _ = self.terminal.write_all(b"\n");
            }
        }
    }
}

#[cfg(not(unix))]
mod other {
    use std::io;

    use zeroize::Zeroizing;

    use super::super::password::Unfit;
    use super::*;

    /// A question, asked when the answer is waited for.
    #[derive(Debug)]
    pub(in super::super) struct Prompt(String);

    impl Prompt {
        pub(in super::super) fn ask(question: &str) -> io::Result<Self> {
            Ok(Self(question.to_owned()))
        }

        /// Waits for the answer.
        pub(in super::super) fn answer(&self) -> io::Result<impl FnOnce() -> Read + use<>> {
            let question = self.0.clone();
            Ok(move || {
                let text = rpassword::prompt_password(question).map(Zeroizing::new).map_err(Unfit::Io)?;
                if text.is_empty() { Err(Unfit::Empty) } else { Ok(text) }
            })
        }

        pub(in super::super) fn answered(self) {}
    }
}
