//! Programs that ran while they were replaced. On Windows such a file can be renamed, and neither
//! replaced nor deleted: an upgrade gives it a name with a number, by which it is found again later.
//! `pkarr-setup.exe` does as `pkarr install` (`installer/package/windows/pkarr.nsi`).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What its name goes on with from then on, before a number.
const OLD: &str = ".old-";
/// How many there can be.
pub(super) const MAX_OLD: u32 = 100;
/// The most files of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// The name that a program has when it was the one of this number to be replaced.
pub(super) fn renamed(program: &Path, number: u32) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(format!("{OLD}{number}"));
    name.into()
}

/// Gives a file another name, beside it, and deletes those of earlier times that no longer run.
pub(super) fn out_of_the_way(path: &Path) -> io::Result<PathBuf> {
    let mut free = None;
    for old in (0..MAX_OLD).map(|number| renamed(path, number)) {
        _ = fs::remove_file(&old);
        if free.is_none() && !old.exists() {
            free = Some(old);
        } else if free.is_some() && !old.exists() {
            break;
        }
    }
    let free = free.ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(path, &free)?;
    Ok(free)
}

/// Deletes what was put aside when this program was replaced, where it runs no more.
pub fn remove_replaced(program: &Path) {
    let (Some(folder), Some(name)) = (program.parent(), program.file_name()) else {
        return;
    };
    let mut begins = name.to_os_string();
    begins.push(OLD);
    let begins = begins.to_string_lossy();
    let entries = fs::read_dir(folder).into_iter().flatten();
    for entry in entries.take(MAX_ENTRIES).flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&*begins));
        if number.is_some_and(|number| number.parse::<u32>().is_ok_and(|it| it < MAX_OLD)) {
            // One that runs stays until the next time.
            _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_replaced_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("pkarr.exe");
        let others = [
            "pkarr.exe",
            "pkarr.exe.old-",
            "pkarr.exe.old-mine",
            "x.old-1",
        ];
        for name in others {
            fs::write(folder.path().join(name), "").unwrap();
        }
        for number in [0, 7, MAX_OLD - 1] {
            fs::write(renamed(&program, number), "").unwrap();
        }
        remove_replaced(&program);
        let left = fs::read_dir(folder.path()).unwrap().flatten();
        let mut left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        left.sort();
        assert_eq!(left, others);
    }
}
