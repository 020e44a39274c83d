//! New files that only the user who runs the program can read.
//!
//! On Unix that is their mode, 600. On Windows a file inherits from its folder who may read it: below
//! the user’s profile nobody else, but on another drive often everybody. So the file is made with
//! nobody else let in, and gets a list of its own before anything is written to it, with the user as
//! the only entry.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

#[cfg(windows)]
mod windows;

/// Makes a file that must not exist yet, to write to.
///
/// # Errors
/// What the system says; [`io::ErrorKind::AlreadyExists`] where something is there.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(windows)]
    windows::for_one(&mut options);
    let file = options.open(path)?;
    #[cfg(windows)]
    if let Err(error) = windows::close_to_others(&file) {
        drop(file);
        // Nothing is in it yet.
        _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create_new(&path).unwrap().write_all(b"x").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        #[cfg(windows)]
        {
            // Wine lists the system itself for every file.
            const SYSTEM: &str = "S-1-5-18";
            let mut may = windows::who_may(&path);
            may.retain(|who| who != SYSTEM);
            assert_eq!(may, [windows::me()]);
        }
        let again = create_new(&path).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
    }
}
