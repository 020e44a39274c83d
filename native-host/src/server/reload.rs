//! Files that change while the server runs.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);

/// What is seen of a file from outside.
type Look = Option<(SystemTime, u64)>;

/// Files, and what they looked like last time.
#[derive(Debug)]
pub struct Watch {
    files: Vec<(PathBuf, Look)>,
}

impl Watch {
    /// Watches these from now on. What is read of them afterwards is then no older than what was
    /// seen: a change in between is noticed.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut watch = Self { files: Vec::new() };
        watch.add(files);
        watch
    }

    /// Watches these, too, from now on.
    pub fn add(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        self.files.extend(files.into_iter().map(|file| {
            let seen = look(&file);
            (file, seen)
        }));
    }

    /// Returns when one of them has changed, and looks the same for a moment: whoever writes it is
    /// to be done. Through links what they lead to is watched.
    pub async fn changed(&mut self) {
        let mut changing = false;
        loop {
            tokio::time::sleep(EVERY).await;
            let mut changed = false;
            for (file, seen) in &mut self.files {
                let now = look(file);
                changed |= now != *seen;
                *seen = now;
            }
            if changing && !changed {
                return;
            }
            changing |= changed;
        }
    }
}

fn look(file: &PathBuf) -> Look {
    let file = fs::metadata(file).ok()?;
    Some((file.modified().ok()?, file.len()))
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_changes_after_the_first_look_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        fs::write(&first, "one").unwrap();
        let mut watch = Watch::new([first.clone()]);
        let hour = Duration::from_secs(60 * 60);
        timeout(hour, watch.changed()).await.unwrap_err();
        // Before anybody waits for it.
        fs::write(&first, "another").unwrap();
        timeout(hour, watch.changed()).await.unwrap();
        timeout(hour, watch.changed()).await.unwrap_err();
        // One that comes into being, and one that goes.
        watch.add([second.clone()]);
        fs::write(&second, "two").unwrap();
        timeout(hour, watch.changed()).await.unwrap();
        fs::remove_file(&first).unwrap();
        timeout(hour, watch.changed()).await.unwrap();
    }
}
