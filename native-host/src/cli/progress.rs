//! A line on the terminal that moves while something takes its time.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    task::JoinHandle,
    time::{interval, sleep},
};

use crate::tasks;

/// What takes longer than this is said to go on.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(120);
const FRAMES: [char; 8] = ['⠁', '⠂', '⠄', '⡀', '⢀', '⠠', '⠐', '⠈'];

/// Says so until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Progress {
    line: Arc<Mutex<Line>>,
    moving: Option<JoinHandle<()>>,
}

/// What stands there.
#[derive(Debug, Default)]
struct Line {
    width: usize,
    over: bool,
}

impl Progress {
    /// On the terminal that standard error is; nothing where it is none.
    pub(super) fn start(text: &'static str) -> Self {
        let mut progress = Self::default();
        if io::stderr().is_terminal() {
            let line = Arc::clone(&progress.line);
            progress.moving = Some(tasks::spawn(go_on(line, text)));
        }
        progress
    }
}

async fn go_on(line: Arc<Mutex<Line>>, text: &'static str) {
    let began = Instant::now();
    sleep(PATIENCE).await;
    let mut moment = interval(PAUSE);
    for frame in FRAMES.into_iter().cycle() {
        moment.tick().await;
        let seconds = began.elapsed().as_secs();
        lock(&line).draw(&mut io::stderr(), &format!("{frame} {text} {seconds}s"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(moving) = &self.moving {
            moving.abort();
            lock(&self.line).clear(&mut io::stderr());
        }
    }
}

impl Line {
    // Without a sequence of control characters, for there are terminals of Windows that know none.
    fn draw(&mut self, to: &mut impl Write, text: &str) {
        // The task may be at it while it is told to end.
        if !self.over {
            _ = write!(to, "\r{text:<width$}", width = self.width);
            self.width = text.chars().count();
            _ = to.flush();
        }
    }

    fn clear(&mut self, to: &mut impl Write) {
        if self.width > 0 {
            _ = write!(to, "\r{:width$}\r", "", width = self.width);
            _ = to.flush();
        }
        self.over = true;
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is on the terminal's line then.
    fn shown(written: &[u8]) -> String {
        let mut cells = Vec::new();
        let mut at = 0;
        for letter in String::from_utf8_lossy(written).chars() {
            match letter {
                '\r' => at = 0,
                _ => {
                    cells.resize(cells.len().max(at + 1), ' ');
                    cells[at] = letter;
                    at += 1;
                }
            }
        }
        cells.iter().collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn the_line_is_what_was_last_drawn_and_nothing_when_it_is_over() {
        let (mut line, mut to) = (Line::default(), Vec::new());
        line.draw(&mut to, "⠁ asking the DHT 10s");
        line.draw(&mut to, "⠂ asking");
        assert_eq!(shown(&to), "⠂ asking");
        line.clear(&mut to);
        assert_eq!(shown(&to), "");
        line.draw(&mut to, "⠄ too late");
        assert_eq!(shown(&to), "");
    }

    #[test]
    fn what_was_over_at_once_has_written_nothing() {
        let (mut line, mut to) = (Line::default(), Vec::new());
        line.clear(&mut to);
        assert!(to.is_empty());
    }
}
