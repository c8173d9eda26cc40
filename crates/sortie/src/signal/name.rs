//! Signals by name.

use std::fmt;

/// A signal of the operating system that a program can be notified of.
///
/// Not among them are SIGKILL and SIGSTOP, which nobody can catch; those by which
/// the kernel tells of a fault, which is not over when a handler returns (SIGSEGV,
/// SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS); and the two of libc's own.
///
/// It prints as Go has it: `interrupt`, `terminated`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// Defines the signals that have names.
macro_rules! signals {
    ($($(#[$about:meta])* $name:ident $text:literal,)*) => {
        impl Signal {
            $($(#[$about])* pub const $name: Signal = Signal(libc::$name as u8);)*

            const NAMED: &[(Signal, &str, &str)] = &[
                $((Signal::$name, stringify!($name), $text),)*
            ];
        }
    };
}

signals! {
    /// The terminal is gone; daemons take it for "read your settings again".
    SIGHUP "hangup",
    /// Ctrl-C.
    SIGINT "interrupt",
    /// Ctrl-\. Unless somebody is notified of it, the runtime prints all goroutines
    /// and ends the process.
    SIGQUIT "quit",
    /// What `abort` raises.
    SIGABRT "aborted",
    /// For programs to use as they like.
    SIGUSR1 "user defined signal 1",
    /// For programs to use as they like.
    SIGUSR2 "user defined signal 2",
    /// Writing where nobody reads. Ignored in programs in Rust, where it is an error.
    SIGPIPE "broken pipe",
    /// A timer of `alarm`.
    SIGALRM "alarm clock",
    /// The polite request to end.
    SIGTERM "terminated",
    /// A stack fault of a coprocessor; never sent.
    SIGSTKFLT "stack fault",
    /// A child process has ended or stopped.
    SIGCHLD "child exited",
    /// Goes on after having stopped.
    SIGCONT "continued",
    /// Ctrl-Z.
    SIGTSTP "stopped",
    /// Reading from the terminal in the background.
    SIGTTIN "stopped (tty input)",
    /// Writing to the terminal in the background.
    SIGTTOU "stopped (tty output)",
    /// Urgent data on a socket.
    SIGURG "urgent I/O condition",
    /// The limit of CPU time.
    SIGXCPU "CPU time limit exceeded",
    /// The limit of a file's size.
    SIGXFSZ "file size limit exceeded",
    /// A timer of `setitimer`.
    SIGVTALRM "virtual timer expired",
    /// A timer of `setitimer`.
    SIGPROF "profiling timer expired",
    /// The terminal has another size.
    SIGWINCH "window changed",
    /// I/O is possible.
    SIGIO "I/O possible",
    /// Power fails.
    SIGPWR "power failure",
}

/// One more than the largest number of a signal.
pub(super) const NUMBERS: usize = 65;

impl Signal {
    /// The signal of a number, if a program can be notified of it.
    ///
    /// # Examples
    /// ```
    /// use sortie::signal::Signal;
    ///
    /// assert_eq!(Signal::from_raw(libc::SIGTERM), Some(Signal::SIGTERM));
    /// assert_eq!(Signal::from_raw(libc::SIGKILL), None);
    /// ```
    pub fn from_raw(number: i32) -> Option<Signal> {
        let number = u8::try_from(number).ok()?;
        let is_named = || Signal::NAMED.iter().any(|named| named.0.0 == number);
        let realtime = libc::SIGRTMIN()..=libc::SIGRTMAX();
        (realtime.contains(&i32::from(number)) || is_named()).then_some(Signal(number))
    }

    /// Its number.
    pub fn as_raw(self) -> i32 {
        i32::from(self.0)
    }

    /// Its bit among pending signals.
    pub(super) fn bit(self) -> u64 {
        1 << (self.0 - 1)
    }

    /// The signals of some bits.
    pub(super) fn of_bits(mut bits: u64) -> impl Iterator<Item = Signal> {
        std::iter::from_fn(move || {
            let lowest = (bits != 0).then(|| bits.trailing_zeros())?;
            bits &= bits - 1;
            Some(Signal(lowest as u8 + 1))
        })
    }

    fn named(self) -> Option<&'static (Signal, &'static str, &'static str)> {
        Signal::NAMED.iter().find(|named| named.0 == self)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.named() {
            Some((_, name, _)) => f.pad(name),
            None => write!(f, "Signal({})", self.0),
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.named() {
            Some((_, _, text)) => f.pad(text),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(format!("{:?}", Signal::SIGTERM), "SIGTERM");
        assert_eq!(Signal::SIGTERM.to_string(), "terminated");
        let last = libc::SIGRTMAX();
        let signal = Signal::from_raw(last).unwrap();
        assert_eq!(signal.as_raw(), last);
        assert_eq!(signal.to_string(), format!("signal {last}"));
        for number in [
            0,
            -1,
            32,
            33,
            65,
            libc::SIGKILL,
            libc::SIGSTOP,
            libc::SIGSEGV,
        ] {
            assert_eq!(Signal::from_raw(number), None, "{number}");
        }
        assert!((1..65).filter_map(Signal::from_raw).all(|signal| {
            Signal::of_bits(signal.bit()).eq([signal]) && (signal.as_raw() as usize) < NUMBERS
        }));
        let both = Signal::SIGINT.bit() | signal.bit();
        assert!(Signal::of_bits(both).eq([Signal::SIGINT, signal]));
        assert_eq!(Signal::of_bits(0).count(), 0);
    }
}
