//! Secret keys at rest.
//!
//! A key file holds one secret key: as 64 hexadecimal digits, or locked with a passphrase. It is
//! created readable by its owner only, and never written over. Files of `pkdns-cli`, which writes
//! the digits or 52 characters of z-base-32, are read too.
//!
//! A locked file is one line of five words: `pkarr-key-1`, the cost of the passphrase's hash
//! (Argon2id, RFC 9106), its salt, a nonce, and the secret encrypted with XChaCha20-Poly1305. The
//! first two are authenticated with it.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use zeroize::Zeroizing;

use crate::{
    key::{self, KeyPair},
    private,
};

/// The most bytes a key file may have.
const MAX_FILE: u64 = 1024;
const LOCKED: &str = "pkarr-key-1";
const SALT: usize = 16;
const NONCE: usize = 24;
/// 64 MiB, three passes, one lane: the second recommendation of RFC 9106, section 4.
const COST: &str = "m=65536,t=3,p=1";

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
    #[error("{0} is not a key file: 64 hexadecimal digits or a locked key are expected")]
    Content(PathBuf),
    /// The file is locked and no passphrase could be had.
    #[error("the key file {path} is locked, and there is no passphrase: {source}")]
    NoPassphrase {
        /// The file.
        path: PathBuf,
        /// Why there is none.
        source: io::Error,
    },
    /// The passphrase is not the one it was locked with.
    #[error("this is not the passphrase of the key file {0}")]
    WrongPassphrase(PathBuf),
    /// The system has no randomness or no memory to lock a key with.
    #[error("can’t lock the key: {0}")]
    Lock(String),
}

/// Reads a key file; `passphrase` is asked only when it is locked.
///
/// # Errors
/// [`KeyFileError`].
pub fn read(
    path: &Path,
    passphrase: impl FnOnce() -> io::Result<Zeroizing<String>>,
) -> Result<KeyPair, KeyFileError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize));
    File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes))
        .map_err(|source| KeyFileError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
    let content = || KeyFileError::Content(path.to_owned());
    let text = std::str::from_utf8(&bytes).map_err(|_| content())?.trim();
    if let Some(secret) = plain(text) {
        return Ok(KeyPair::from_secret(&secret));
    }
    let locked = Locked::parse(text).ok_or_else(content)?;
    let passphrase = passphrase().map_err(|source| KeyFileError::NoPassphrase {
        path: path.to_owned(),
        source,
    })?;
    let secret = locked
        .open(&passphrase)
        .ok_or_else(|| KeyFileError::WrongPassphrase(path.to_owned()))?;
    Ok(KeyPair::from_secret(&secret))
}

/// Writes a new key file that only its owner can read, and its folder where that is missing;
/// locked where there is a passphrase.
///
/// # Errors
/// [`KeyFileError::Exists`], [`KeyFileError::Io`], [`KeyFileError::Lock`].
pub fn create(path: &Path, pair: &KeyPair, passphrase: Option<&str>) -> Result<(), KeyFileError> {
    let mut text = match passphrase {
        Some(passphrase) => Zeroizing::new(Locked::close(pair, passphrase)?.to_text()),
        None => hex(pair),
    };
    text.push('\n');
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
    let mut file = private::create_new(path).map_err(io("create"))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io("write"))
}

/// The secret of a pair as 64 hexadecimal digits, wiped when dropped.
pub fn hex(pair: &KeyPair) -> Zeroizing<String> {
    Zeroizing::new(HEX.encode(pair.secret().as_ref()))
}

fn plain(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    if let Ok(bytes) = HEX.decode(text.as_bytes()) {
        let bytes = Zeroizing::new(bytes);
        return Some(Zeroizing::new(bytes.as_slice().try_into().ok()?));
    }
    key::read_z32(text).ok().map(Zeroizing::new)
}

/// A secret locked with a passphrase.
struct Locked {
    cost: String,
    salt: Vec<u8>,
    nonce: [u8; NONCE],
    sealed: Vec<u8>,
}

impl Locked {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        if words.next()? != LOCKED {
            return None;
        }
        let cost = words.next()?.to_owned();
        let mut bytes = || HEX.decode(words.next()?.as_bytes()).ok();
        let (salt, nonce, sealed) = (bytes()?, bytes()?, bytes()?);
        Some(Self {
            cost,
            salt,
            nonce: nonce.try_into().ok()?,
            sealed,
        })
    }

    fn to_text(&self) -> String {
        let Self {
            cost,
            salt,
            nonce,
            sealed,
        } = self;
        let (salt, nonce, sealed) = (HEX.encode(salt), HEX.encode(nonce), HEX.encode(sealed));
        format!("{LOCKED} {cost} {salt} {nonce} {sealed}")
    }

    fn close(pair: &KeyPair, passphrase: &str) -> Result<Self, KeyFileError> {
        let random = |bytes: &mut [u8]| {
            getrandom::fill(bytes).map_err(|error| KeyFileError::Lock(error.to_string()))
        };
        let mut locked = Self {
            cost: COST.to_owned(),
            salt: vec![0; SALT],
            nonce: [0; NONCE],
            sealed: Vec::new(),
        };
        random(&mut locked.salt)?;
        random(&mut locked.nonce)?;
        let cipher = locked
            .cipher(passphrase)
            .ok_or_else(|| KeyFileError::Lock("not enough memory".to_owned()))?;
        let secret = pair.secret();
        let associated = locked.associated();
        let payload = Payload {
            msg: secret.as_ref(),
            aad: associated.as_bytes(),
        };
        locked.sealed = cipher
            .encrypt(&locked.nonce.into(), payload)
            .map_err(|error| KeyFileError::Lock(error.to_string()))?;
        Ok(locked)
    }

    fn open(&self, passphrase: &str) -> Option<Zeroizing<[u8; 32]>> {
        let associated = self.associated();
        let payload = Payload {
            msg: self.sealed.as_slice(),
            aad: associated.as_bytes(),
        };
        let secret = self
            .cipher(passphrase)?
            .decrypt(&self.nonce.into(), payload)
            .ok()
            .map(Zeroizing::new)?;
        Some(Zeroizing::new(secret.as_slice().try_into().ok()?))
    }

    fn associated(&self) -> String {
        format!("{LOCKED} {}", self.cost)
    }

    /// The cipher for a passphrase; `None` for a cost that can't be paid.
    fn cipher(&self, passphrase: &str) -> Option<XChaCha20Poly1305> {
        let mut words = self.cost.split(',');
        let mut number = |name: &str| words.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let (memory, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
        // A file from elsewhere must not ask for all the memory there is.
        if memory > 1 << 20 || passes > 20 || lanes > 16 {
            return None;
        }
        let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
        let mut key = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &self.salt, key.as_mut())
            .ok()?;
        Some(XChaCha20Poly1305::new((&*key).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> io::Result<Zeroizing<String>> {
        Err(io::Error::other("nobody to ask"))
    }

    fn with(passphrase: &str) -> impl FnOnce() -> io::Result<Zeroizing<String>> {
        let passphrase = Zeroizing::new(passphrase.to_owned());
        move || Ok(passphrase)
    }

    #[test]
    fn what_is_created_is_read_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys").join("site.key");
        let pair = KeyPair::generate().unwrap();
        create(&path, &pair, None).unwrap();
        assert_eq!(read(&path, nobody).unwrap().public(), pair.public());
        assert!(matches!(
            create(&path, &KeyPair::generate().unwrap(), None),
            Err(KeyFileError::Exists(_))
        ));
        assert_eq!(read(&path, nobody).unwrap().public(), pair.public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_locked_key_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locked");
        let pair = KeyPair::generate().unwrap();
        create(&path, &pair, Some("correct horse")).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(hex(&pair).as_str()));
        let opened = read(&path, with("correct horse")).unwrap();
        assert_eq!(opened.public(), pair.public());
        assert!(matches!(
            read(&path, with("wrong")),
            Err(KeyFileError::WrongPassphrase(_))
        ));
        assert!(matches!(
            read(&path, nobody),
            Err(KeyFileError::NoPassphrase { .. })
        ));
        // A cheaper cost written over the real one is noticed.
        fs::write(&path, text.replace("t=3", "t=1")).unwrap();
        assert!(read(&path, with("correct horse")).is_err());
        fs::write(&path, text.replace("m=65536", "m=4294967295")).unwrap();
        assert!(read(&path, with("correct horse")).is_err());
    }

    #[test]
    fn files_of_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seed");
        let pair = KeyPair::from_secret(&[0xab; 32]);
        // The same 32 bytes in each form.
        for form in ["AB".repeat(32), format!("  {}\n", "ab".repeat(32))] {
            fs::write(&path, form).unwrap();
            assert_eq!(read(&path, nobody).unwrap().public(), pair.public());
        }
        let z32 = "iqz6zk7iqz6zk7iqz6zk7iqz6zk7iqz6zk7iqz6zk7iqz6zk7iqy";
        fs::write(&path, z32).unwrap();
        let secret = key::read_z32(z32).unwrap();
        let read = read(&path, nobody).unwrap();
        assert_eq!(read.public(), KeyPair::from_secret(&secret).public());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for content in [
            "",
            "zz",
            &"g".repeat(64),
            &"a".repeat(63),
            &"a".repeat(65),
            "pkarr-key-1",
            "pkarr-key-1 m=1 00 00 00",
            "pkarr-key-2 m=65536,t=3,p=1 00 00 00",
        ] {
            fs::write(&path, content).unwrap();
            assert!(
                matches!(read(&path, nobody), Err(KeyFileError::Content(_))),
                "{content}"
            );
        }
        assert!(matches!(
            read(&folder.path().join("absent"), nobody),
            Err(KeyFileError::Io { action: "read", .. })
        ));
    }
}
