//! The registry of Windows: texts, and the keys they belong to. Elsewhere there is none.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of the registry of Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Hive {
    /// `HKEY_CURRENT_USER`
    #[serde(rename = "HKCU")]
    User,
    /// `HKEY_LOCAL_MACHINE`
    #[serde(rename = "HKLM")]
    Machine,
}

/// A value in the registry of Windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Value {
    /// In which part.
    pub hive: Hive,
    /// The key it belongs to.
    pub key: String,
    /// Its name; empty for the default value.
    pub name: String,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hive = match self.hive {
            Hive::User => "HKCU",
            Hive::Machine => "HKLM",
        };
        write!(f, "{hive}\\{}", self.key)?;
        if !self.name.is_empty() {
            write!(f, " → {}", self.name)?;
        }
        Ok(())
    }
}

#[cfg(windows)]
mod real {
    use std::io;

    use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

    use super::{Hive, Value};

    fn hive(hive: Hive) -> &'static Key {
        match hive {
            Hive::User => CURRENT_USER,
            Hive::Machine => LOCAL_MACHINE,
        }
    }

    /// The text of a value; `None` where there is none.
    pub(in super::super) fn read(value: &Value) -> Option<String> {
        let key = hive(value.hive).open(&value.key).ok()?;
        key.get_string(&value.name).ok()
    }

    /// Whether there is such a key.
    pub(in super::super) fn is_key(of: Hive, path: &str) -> bool {
        hive(of).open(path).is_ok()
    }

    /// Sets a value, and makes its key where it is missing.
    pub(in super::super) fn write(value: &Value, text: &str) -> io::Result<()> {
        let key = hive(value.hive).create(&value.key).map_err(io_error)?;
        key.set_string(&value.name, text).map_err(io_error)
    }

    /// Removes a value.
    pub(in super::super) fn remove(value: &Value) -> io::Result<()> {
        let options = |key: &Key| key.options().read().write().open(&value.key);
        let key = options(hive(value.hive)).map_err(io_error)?;
        key.remove_value(&value.name).map_err(io_error)
    }

    /// Removes a key that has nothing in it, and tells whether it did.
    pub(in super::super) fn remove_empty(of: Hive, path: &str) -> io::Result<bool> {
        let key = match hive(of).open(path) {
            Ok(key) => key,
            Err(_) => return Ok(false),
        };
        let empty = key.keys().map_err(io_error)?.next().is_none()
            && key.values().map_err(io_error)?.next().is_none();
        if !empty {
            return Ok(false);
        }
        drop(key);
        hive(of).remove_tree(path).map_err(io_error)?;
        Ok(true)
    }

    fn io_error(error: impl std::fmt::Display) -> io::Error {
        io::Error::other(error.to_string())
    }
}

#[cfg(not(windows))]
mod real {
    use std::io;

    use super::{Hive, Value};

    pub(in super::super) fn read(_: &Value) -> Option<String> {
        None
    }

    pub(in super::super) fn is_key(_: Hive, _: &str) -> bool {
        false
    }

    pub(in super::super) fn write(_: &Value, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn remove(_: &Value) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn remove_empty(_: Hive, _: &str) -> io::Result<bool> {
        Ok(false)
    }
}

pub(super) use real::{is_key, read, remove, remove_empty, write};
