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

    use rustix::termios::{self, LocalModes, OptionalActions, Termios};

    use super::super::password::first_line;
    use super::*;

    /// The terminal, which shows what is typed again when this is dropped. Whoever waits for an answer in another thread
    /// keeps this one, so that the terminal is put right although nobody answers; and listens for signals, because one
    /// that ends or stops the process at once leaves the terminal as it is.
    #[derive(Debug)]
    pub(in super::super) struct Prompt {
        question: String,
        terminal: File,
        before: Termios,
        answered: bool,
    }

    impl Prompt {
        /// Asks. From here on nothing that is typed is shown but the end of the line.
        pub(in super::super) fn ask(question: &str) -> io::Result<Self> {
            let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            let before = termios::tcgetattr(&terminal)?;
            let mut prompt = Self { question: question.to_owned(), terminal, before, answered: false };
            prompt.hide()?;
            Ok(prompt)
        }

        fn hide(&mut self) -> io::Result<()> {
            let mut hidden = self.before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            // Whole lines, that can be corrected while they are typed; Ctrl-C and its like still arrive as signals.
            hidden.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
            termios::tcsetattr(&self.terminal, OptionalActions::Now, &hidden)?;
            self.terminal.write_all(self.question.as_bytes())
        }

        /// Puts the terminal right for as long as this takes, and then asks again.
        pub(in super::super) fn set_aside(&mut self, meanwhile: impl FnOnce()) -> io::Result<()> {
            self.show(OptionalActions::Flush);
            meanwhile();
            self.hide()
        }

        fn show(&mut self, action: OptionalActions) {
            // A terminal that is gone needs no putting right.
            let _ = termios::tcsetattr(&self.terminal, action, &self.before);
            if !self.answered {
                let _ = self.terminal.write_all(b"\n");
            }
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
            self.show(if self.answered { OptionalActions::Now } else { OptionalActions::Flush });
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

        /// Nobody can stop it for a while here.
        pub(in super::super) fn set_aside(&mut self, meanwhile: impl FnOnce()) -> io::Result<()> {
            meanwhile();
            Ok(())
        }

        pub(in super::super) fn answered(self) {}
    }
}
