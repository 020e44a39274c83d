//! What DNS cookies are made of.
//!
//! A server by itself makes up a secret at the start. Several servers behind one address need one in
//! common (RFC 9018, section 2): a cookie that one of them gave is shown to another. It stands in a
//! file, as 32 hex digits on a line. To change it without a client noticing, the new one is added as
//! the second line everywhere, then moved to the first, then the old one is taken out (section 5).

use std::{
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::server::config::Dns;

/// The most bytes the file may have, and the most secrets.
const MAX_FILE: u64 = 4096;
const MAX_SECRETS: usize = 8;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The file can't be read, or is no text.
    #[error("can’t read {file}: {source}", file = .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// There is something else in it.
    #[error(
        "{file}, line {line}: write a secret as 32 hex digits, as `openssl rand -hex 16` makes them",
        file = .file.display()
    )]
    NotASecret {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// There is none in it, or there are more than are ever needed.
    #[error("{} has to have one to {MAX_SECRETS} secrets, one on a line", .0.display())]
    Number(PathBuf),
}

/// The secrets: server cookies are made with the first, and good if made with any.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secrets(Vec<[u8; 16]>);

impl Secrets {
    /// One that nobody else has.
    pub(super) fn random() -> Result<Self, SecretError> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret)?;
        Ok(Self(vec![secret]))
    }

    /// Those in the file that the configuration names; `None` where it names none.
    ///
    /// # Errors
    /// [`SecretError`].
    pub(crate) fn load(config: &Dns) -> Result<Option<Self>, SecretError> {
        config.cookie_secret_file.as_deref().map(read).transpose()
    }

    /// These.
    #[cfg(test)]
    pub(super) fn of(secrets: &[[u8; 16]]) -> Self {
        Self(secrets.to_vec())
    }

    /// All of them, the one to make cookies with first.
    pub(super) fn all(&self) -> &[[u8; 16]] {
        &self.0
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

fn read(file: &Path) -> Result<Secrets, SecretError> {
    let text = || {
        let mut text = String::new();
        let size = fs::File::open(file)?
            .take(MAX_FILE + 1)
            .read_to_string(&mut text)?;
        if size as u64 > MAX_FILE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(text)
    };
    let text = text().map_err(|source| SecretError::Read {
        file: file.to_owned(),
        source,
    })?;
    let mut secrets = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let decoded = HEXLOWER_PERMISSIVE.decode(line.as_bytes());
        let secret = decoded.ok().and_then(|bytes| bytes.try_into().ok());
        secrets.push(secret.ok_or_else(|| SecretError::NotASecret {
            file: file.to_owned(),
            line: number,
        })?);
    }
    if !(1..=MAX_SECRETS).contains(&secrets.len()) {
        return Err(SecretError::Number(file.to_owned()));
    }
    Ok(Secrets(secrets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_and_what_is_none_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let read = |text: &str| {
            fs::write(&file, text).unwrap();
            super::read(&file).map_err(|error| error.to_string())
        };
        let text = "# of all servers\n\ne5e973e5a6b2a43f48e7dc849e37bfcf\n 445536BCD2513298075A5D379663C962 \n";
        let secrets = read(text).unwrap();
        assert_eq!(secrets.all().len(), 2);
        assert_eq!(secrets.all()[0][..2], [0xe5, 0xe9]);
        assert_eq!(secrets.all()[1][15], 0x62);
        assert!(!format!("{secrets:?}").contains("e5"));
        for (text, expected) in [
            ("", "one to 8"),
            ("# none\n", "one to 8"),
            ("e5e973e5\n", "line 1"),
            ("#\nx5e973e5a6b2a43f48e7dc849e37bfcf", "line 2"),
            (&"e5e973e5a6b2a43f48e7dc849e37bfcf\n".repeat(9), "one to 8"),
            (&"#\n".repeat(5000), "large"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(expected), "{text:.20}: {said}");
        }
        fs::remove_file(&file).unwrap();
        let said = super::read(&file).unwrap_err().to_string();
        assert!(said.contains("secret"), "{said}");
    }
}
