//! Why the cache could not do what it promises to have done.

use std::{path::PathBuf, sync::Arc};

use crate::problem::{Code, Problem};

/// Why nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// SQLite or the system refused. The rest of the cache goes on.
    #[error("the cache can’t be written: {0}")]
    Write(Arc<rusqlite::Error>),
    /// SQLite or the system refused.
    #[error("the cache can’t be read: {0}")]
    Read(Arc<rusqlite::Error>),
    /// The file was found damaged while it was in use; it is set aside at the next start.
    #[error("the cache file is damaged; start the program again to have it replaced")]
    Damaged,
    /// More waits to be written than is allowed, since the disk is too slow.
    #[error("the cache can’t be written as fast as it is filled")]
    Busy,
    /// A path can't be kept as text.
    #[error("the path {0:?} is not Unicode text; choose another name")]
    Path(PathBuf),
}

impl From<CacheError> for Problem {
    fn from(error: CacheError) -> Self {
        Problem::new(Code::Internal, error)
    }
}

/// Whether SQLite says that the file is not what it should be.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
    )
}
