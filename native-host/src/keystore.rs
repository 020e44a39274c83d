//! Secret keys at rest.
//!
//! A key file holds one secret key as 64 hexadecimal digits and a line end. It is created readable
//! by its owner only, and never written over.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::key::KeyPair;

/// Why a key file can't be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file is there already; a key that is written over is lost.
    #[error("{0} exists already and was left as it is; choose another name")]
    Exists(PathBuf),
    /// The system refused.
    #[error("can’t {action} the key file {path}: {source}")]
    Io {
        /// What was tried: `read`, `create`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The content is not a secret key.
    #[error("{0} is not a key file: 64 hexadecimal digits are expected")]
    Content(PathBuf),
}

/// Reads a key file.
///
/// # Errors
/// [`KeyFileError::Io`], [`KeyFileError::Content`].
pub fn read(path: &Path) -> Result<KeyPair, KeyFileError> {
    let io = |source| KeyFileError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let mut text = Zeroizing::new(Vec::with_capacity(256));
    File::open(path)
        .and_then(|file| file.take(256).read_to_end(&mut text))
        .map_err(io)?;
    let secret = digits(text.trim_ascii()).ok_or_else(|| KeyFileError::Content(path.to_owned()))?;
    Ok(KeyPair::from_secret(&secret))
}

/// Writes a new key file that only its owner can read, and its folder where that is missing.
///
/// # Errors
/// [`KeyFileError::Exists`], [`KeyFileError::Io`].
pub fn create(path: &Path, pair: &KeyPair) -> Result<(), KeyFileError> {
    let io = |action| {
        move |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
            _ => KeyFileError::Io {
                action,
                path: path.to_owned(),
                source,
            },
        }
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder).map_err(io("create"))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io("create"))?;
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in pair.secret().iter() {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    text.push('\n');
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io("write"))
}

fn digits(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    if text.len() != 64 {
        return None;
    }
    let mut secret = Zeroizing::new([0u8; 32]);
    for (byte, pair) in secret.iter_mut().zip(text.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_created_is_read_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys").join("site.key");
        let pair = KeyPair::generate().unwrap();
        create(&path, &pair).unwrap();
        assert_eq!(read(&path).unwrap().public(), pair.public());
        assert!(matches!(
            create(&path, &KeyPair::generate().unwrap()),
            Err(KeyFileError::Exists(_))
        ));
        assert_eq!(read(&path).unwrap().public(), pair.public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for content in ["", "zz", &"g".repeat(64), &"a".repeat(63), &"a".repeat(65)] {
            fs::write(&path, content).unwrap();
            assert!(
                matches!(read(&path), Err(KeyFileError::Content(_))),
                "{content}"
            );
        }
        assert!(matches!(
            read(&folder.path().join("absent")),
            Err(KeyFileError::Io { action: "read", .. })
        ));
    }
}
