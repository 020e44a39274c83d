//! The folder where the program keeps its data.

use std::path::{Path, PathBuf};

use super::{Finding, State, Subject, waiting};
use crate::{cache::Whose, https};

const CHECK: &str = "data-folder";
/// Less than this is too little for a cache to grow into, in bytes.
const ENOUGH_SPACE: u64 = 50_000_000;

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let folder = subject.settings.data_dir.clone();
    let cache_file = subject.settings.cache_file();
    let cache = subject.resolver.cache().clone();
    waiting(CHECK, move || {
        let roots = https::folder(&folder);
        let mut secrets = vec![cache_file, roots.join("root.key"), roots.join("next.key")];
        for kept in cache.kept().unwrap_or_default() {
            if let Whose::Own {
                key_file: Some(file),
                ..
            } = kept.whose
            {
                secrets.push(file);
            }
        }
        let mut findings = vec![look(&folder)];
        findings.extend(secrets.into_iter().filter_map(readable));
        if findings.len() > 1 && findings.first().is_some_and(is_ok) {
            findings.remove(0);
        }
        findings
    })
    .await
}

fn is_ok(finding: &Finding) -> bool {
    finding.state == State::Good
}

fn look(folder: &Path) -> Finding {
    let path = folder.display();
    let writable = tempfile::NamedTempFile::new_in(folder);
    // What the system can't tell is taken for enough.
    let free = fs4::available_space(folder).unwrap_or(u64::MAX);
    let finding = match writable {
        Err(error) => {
            return Finding::new(CHECK, "unusable", State::Bad)
                .what(format_args!("The folder {path} can’t be written to: {error}."))
                .todo("Make the folder writable for you, or name another with data-dir in the configuration file.")
                .fact("path", path)
                .fact("reason", error);
        }
        Ok(_) if free < ENOUGH_SPACE => Finding::new(CHECK, "full", State::Warning)
            .what(format_args!(
                "The disk with the folder {path} is nearly full: {} MB are left.",
                free / 1_000_000
            ))
            .todo("Make room on the disk."),
        Ok(_) => {
            Finding::new(CHECK, "ok", State::Good).what(format_args!("Data is kept in {path}."))
        }
    };
    finding.fact("path", path).fact("free", free)
}

/// Whether a file that is for its owner's eyes can be read by others.
#[cfg(unix)]
fn readable(file: PathBuf) -> Option<Finding> {
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).ok()?) & 0o777;
    (mode & 0o077 != 0).then(|| {
        let path = file.display();
        Finding::new(CHECK, "secrets-readable", State::Warning)
            .what(format_args!(
                "Others than you may use the file {path}, which is for you alone."
            ))
            .todo(format!("Run: chmod 600 '{path}'"))
            .fact("mode", format_args!("{mode:o}"))
            .fact("path", path)
    })
}

#[cfg(not(unix))]
fn readable(_: PathBuf) -> Option<Finding> {
    None
}
