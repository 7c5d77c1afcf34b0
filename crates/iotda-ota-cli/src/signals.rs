//! Ctrl-C and SIGTERM; and, while the terminal is ours, every other signal that a terminal or its owner sends.

use std::io;

use crate::exit_code::ExitCode;

/// What asked the process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM; other systems than Unix have no such thing, nor the following.
    #[cfg(unix)]
    Terminate,
    /// SIGHUP: the terminal is gone.
    #[cfg(unix)]
    Hangup,
    /// SIGQUIT, which is Ctrl-\ on a terminal.
    #[cfg(unix)]
    Quit,
}

impl Signal {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::Interrupted,
            #[cfg(unix)]
            Self::Terminate => ExitCode::Terminated,
            #[cfg(unix)]
            Self::Hangup => ExitCode::HungUp,
            #[cfg(unix)]
            Self::Quit => ExitCode::Quit,
        }
    }
}

#[cfg(unix)]
pub(crate) use self::unix::{Signals, step_aside};
#[cfg(windows)]
pub(crate) use self::windows::{Signals, step_aside};

#[cfg(unix)]
mod unix {
    use std::future::pending;

    use rustix::process::{self, getpgrp, getpid, getsid, kill_process};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::*;

    /// Listens from the moment it is made, so that no signal is lost before the first [`next`](Self::next).
    #[derive(Debug)]
    pub(crate) struct Signals {
        interrupt: Stream,
        terminate: Stream,
        terminal: Option<OfTerminal>,
    }

    /// Those that are left to the system unless the terminal is ours.
    #[derive(Debug)]
    struct OfTerminal {
        hangup: Stream,
        quit: Stream,
        suspend: Stream,
    }

    impl Signals {
        /// Has to be called within a Tokio runtime.
        pub(crate) fn listen() -> io::Result<Self> {
            let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            Ok(Self { interrupt, terminate, terminal: None })
        }

        /// From now on also hears those that would end or stop the process before it could put the terminal right.
        pub(crate) fn guard_terminal(&mut self) -> io::Result<()> {
            self.terminal = Some(OfTerminal {
                hangup: signal(SignalKind::hangup())?,
                quit: signal(SignalKind::quit())?,
                suspend: signal(SignalKind::from_raw(process::Signal::TSTP.as_raw()))?,
            });
            Ok(())
        }

        /// Waits for the next one that ends the process. It steps aside when it is asked to.
        pub(crate) async fn next(&mut self) -> Signal {
            loop {
                match self.next_or_suspension().await {
                    Some(signal) => return signal,
                    None => step_aside(),
                }
            }
        }

        /// Waits for the next one; nothing if it asks the process to [step aside](step_aside), as Ctrl-Z does.
        pub(crate) async fn next_or_suspension(&mut self) -> Option<Signal> {
            let of_terminal = async {
                match &mut self.terminal {
                    Some(OfTerminal { hangup, quit, suspend }) => tokio::select! {
                        _ = hangup.recv() => Some(Signal::Hangup),
                        _ = quit.recv() => Some(Signal::Quit),
                        _ = suspend.recv() => None,
                    },
                    None => pending().await,
                }
            };
            tokio::select! {
                _ = self.interrupt.recv() => Some(Signal::Interrupt),
                _ = self.terminate.recv() => Some(Signal::Terminate),
                signal = of_terminal => signal,
            }
        }
    }

    /// Stops this process until it is told to go on, as Ctrl-Z does where nobody listens for it.
    ///
    /// Without a shell that puts each command into a group of its own there is nobody who would tell it, and the system
    /// lets nobody be stopped like this either.
    pub(crate) fn step_aside() {
        if getsid(None).is_ok_and(|session| session != getpgrp()) {
            // It cannot fail for the process itself; if it did, the process would just go on.
            let _ = kill_process(getpid(), process::Signal::STOP);
        }
    }
}

#[cfg(windows)]
mod windows {
    use tokio::signal::windows::{CtrlC, ctrl_c};

    use super::*;

    /// Listens from the moment it is made, so that no signal is lost before the first [`next`](Self::next).
    #[derive(Debug)]
    pub(crate) struct Signals {
        interrupt: CtrlC,
    }

    impl Signals {
        /// Has to be called within a Tokio runtime.
        pub(crate) fn listen() -> io::Result<Self> {
            Ok(Self { interrupt: ctrl_c()? })
        }

        /// There are no others.
        pub(crate) fn guard_terminal(&mut self) -> io::Result<()> {
            Ok(())
        }

        /// Waits for the next one.
        pub(crate) async fn next(&mut self) -> Signal {
            // `None` would mean that no further event can come, which the system does not do.
            let _ = self.interrupt.recv().await;
            Signal::Interrupt
        }

        /// Waits for the next one. Nobody is asked to step aside here.
        pub(crate) async fn next_or_suspension(&mut self) -> Option<Signal> {
            Some(self.next().await)
        }
    }

    /// Does nothing: nobody is asked to.
    pub(crate) fn step_aside() {}
}
