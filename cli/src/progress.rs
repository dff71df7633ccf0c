//! What a person sees while something takes long: one line on a terminal, gone when it is over.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::output::Format;

/// What is done in less needs no line.
const SHORT: Duration = Duration::from_millis(700);
const BETWEEN: Duration = Duration::from_millis(200);

/// One line on standard error, and nothing at all where that is no terminal.
pub(crate) struct Progress {
    what: String,
    limit: Option<Duration>,
    began: Instant,
    shown: Option<Instant>,
    on_terminal: bool,
}

impl Progress {
    /// Says what is waited for, and for how long at most.
    pub(crate) fn new(format: Format, what: impl Into<String>, limit: Option<Duration>) -> Self {
        Self {
            what: what.into(),
            limit,
            began: Instant::now(),
            shown: None,
            on_terminal: format == Format::Text && std::io::stderr().is_terminal(),
        }
    }

    /// Shows how far it is, when it is time to.
    pub(crate) fn show(&mut self) {
        let due = match self.shown {
            None => self.began.elapsed() >= SHORT,
            Some(at) => at.elapsed() >= BETWEEN,
        };
        if !self.on_terminal || !due {
            return;
        }
        self.shown = Some(Instant::now());
        let seconds = self.began.elapsed().as_secs_f64();
        let of = self.limit.map(|limit| format!(" of {:.1}", limit.as_secs_f64())).unwrap_or_default();
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "\r\x1b[K{}: {seconds:.1}{of} s", self.what);
        let _ = err.flush();
    }

    /// Takes the line away before something else is said.
    pub(crate) fn clear(&mut self) {
        if self.shown.take().is_some() {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K");
            let _ = err.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
