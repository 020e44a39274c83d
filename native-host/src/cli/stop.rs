//! Running until somebody says stop.

/// Waits for Ctrl-C, the request to terminate or the end of the terminal.
pub(super) async fn asked() {
    let (mut end, mut hang_up) = (end(), hang_up());
    tokio::select! {
        () = end.asked() => {}
        () = hang_up.next() => {}
    }
}

/// The signals that say stop: Ctrl-C and the request to terminate; on Windows also Ctrl-Break, and
/// that the window is closed or the computer shut down.
#[derive(Debug)]
pub(super) struct End {
    #[cfg(unix)]
    signals: [Option<tokio::signal::unix::Signal>; 2],
    #[cfg(windows)]
    signals: (
        Option<tokio::signal::windows::CtrlC>,
        Option<tokio::signal::windows::CtrlBreak>,
        Option<tokio::signal::windows::CtrlClose>,
        Option<tokio::signal::windows::CtrlShutdown>,
    ),
}

/// Hears these signals from now on, so that none is missed.
pub(super) fn end() -> End {
    End {
        #[cfg(unix)]
        signals: {
            use tokio::signal::unix::{SignalKind, signal};
            [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok())
        },
        #[cfg(windows)]
        signals: {
            use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
            let (interrupt, stop) = (ctrl_c().ok(), ctrl_break().ok());
            (interrupt, stop, ctrl_close().ok(), ctrl_shutdown().ok())
        },
    }
}

impl End {
    /// Waits for the next one.
    pub(super) async fn asked(&mut self) {
        #[cfg(unix)]
        if let [Some(interrupt), Some(terminate)] = &mut self.signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        #[cfg(windows)]
        if let (Some(interrupt), Some(stop), Some(close), Some(shutdown)) = &mut self.signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = stop.recv() => {}
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
            }
            return;
        }
        _ = tokio::signal::ctrl_c().await;
    }
}

/// The signals that the terminal has ended, or that files are to be read again.
#[derive(Debug)]
pub(super) struct HangUp {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

/// Hears these signals from now on.
pub(super) fn hang_up() -> HangUp {
    HangUp {
        #[cfg(unix)]
        signal: {
            use tokio::signal::unix::{SignalKind, signal};
            signal(SignalKind::hangup()).ok()
        },
    }
}

impl HangUp {
    /// Waits for the next one; for ever where there are none.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending().await
    }
}
