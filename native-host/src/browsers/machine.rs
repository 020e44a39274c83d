//! What there is on this computer: folders by their names in the table, files, programs, keys of the
//! registry. Plans see the computer through it alone, so that those of every system can be tried on any.

use std::{
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    registry::{self, Value},
    table::System,
};
use crate::folders;

/// The most bytes of a manifest, a unit or the like that are read.
const MAX_TEXT: u64 = 1024 * 1024;
/// The most files of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// The most bytes of a program or package that are read.
const MAX_FILE: u64 = 4 << 30;

/// Where the paths of the table lead.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Whose table it is.
    pub system: System,
    /// `~/`
    pub home: PathBuf,
    /// `~/.config/`
    pub config: PathBuf,
    /// `~/.local/share/`
    pub data: PathBuf,
    /// `%LOCALAPPDATA%\`
    pub local_app_data: PathBuf,
    /// `%APPDATA%\`
    pub app_data: PathBuf,
    /// `%ProgramFiles%\`
    pub program_files: PathBuf,
    /// Where this program keeps the user’s data.
    pub own: PathBuf,
    /// A folder to take for the root of the system’s: a package is put together there.
    pub root: Option<PathBuf>,
}

impl Folders {
    /// Those of the user who runs the program, whose data is in `own`; `None` when there is no home.
    pub fn of_user(own: PathBuf) -> Option<Self> {
        let of_user = directories::BaseDirs::new()?;
        let program_files = env::var_os("ProgramFiles").map(PathBuf::from);
        Some(Self {
            system: System::here(),
            home: folders::home()?,
            // Each of these is what its name says on the system whose paths begin with it.
            config: of_user.config_dir().to_owned(),
            data: of_user.data_dir().to_owned(),
            local_app_data: folders::local_app_data()?,
            app_data: folders::app_data()?,
            program_files: program_files
                .filter(|path| path.is_absolute())
                .unwrap_or_else(|| "C:\\Program Files".into()),
            own,
            root: None,
        })
    }

    /// Where a path of the table leads.
    pub fn path(&self, written: &str) -> PathBuf {
        let named = [
            ("~/.config/", &self.config),
            ("~/.local/share/", &self.data),
            ("~/", &self.home),
            ("%LOCALAPPDATA%\\", &self.local_app_data),
            ("%APPDATA%\\", &self.app_data),
            ("%ProgramFiles%\\", &self.program_files),
        ];
        for (name, folder) in named {
            if let Some(rest) = written.strip_prefix(name) {
                return self.below(folder, rest);
            }
        }
        match (&self.root, written.strip_prefix('/')) {
            (Some(root), Some(rest)) => root.join(rest),
            _ => written.into(),
        }
    }

    /// All the places that a path of the table stands for.
    pub fn paths(&self, written: &str, look: &dyn Look) -> Vec<PathBuf> {
        let Some((before, after)) = written.split_once("{lib}") else {
            return vec![self.path(written)];
        };
        let lib = self.path(&format!("{before}lib{after}"));
        let lib64 = self.path(&format!("{before}lib64"));
        let mut paths = vec![lib];
        // A link leads to the other.
        if look.kind(&lib64) == Kind::Folder {
            paths.push(self.path(&format!("{before}lib64{after}")));
        }
        paths
    }

    /// A path below a folder, written as on the system that this is of.
    pub fn below(&self, folder: &Path, rest: &str) -> PathBuf {
        match self.system {
            System::Windows => {
                let mut path = folder.as_os_str().to_owned();
                path.push("\\");
                path.push(rest);
                path.into()
            }
            _ => folder.join(rest),
        }
    }

    /// Where things are kept that `pkarr install` puts there, for one user or for all.
    pub fn kept(&self, scope: Scope) -> PathBuf {
        match (scope, self.system) {
            (Scope::User, _) => self.own.clone(),
            // Only the administrator may write there, or others could tell what is to be removed.
            (Scope::System, System::Linux) => self.path("/usr/local/lib/pkarr"),
            (Scope::System, System::Macos) => {
                self.path("/Library/Application Support/org.pkarr.pkarr")
            }
            (Scope::System, System::Windows) => self.path("%ProgramFiles%\\pkarr"),
        }
    }

    /// What a program file is called.
    pub fn program_name(&self) -> &'static str {
        match self.system {
            System::Windows => "pkarr.exe",
            _ => "pkarr",
        }
    }
}

/// For whom something is put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// For the user who runs the program.
    User,
    /// For all users.
    System,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Absent,
    /// A file, or a link to one.
    File,
    /// A folder.
    Folder,
    /// A symbolic link to a folder or to nothing, or something stranger.
    Other,
}

/// A look at a computer, which changes nothing.
pub trait Look {
    /// What is at a path.
    fn kind(&self, path: &Path) -> Kind;
    /// The content of a small file; `None` where there is none.
    ///
    /// # Errors
    /// When it can’t be read, or is larger than it may be.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;
    /// The SHA-256 of a file in hexadecimal digits; `None` where there is none that can be read.
    fn sum(&self, path: &Path) -> Option<String>;
    /// Whether a program is on the PATH, outside of snaps.
    fn has_program(&self, name: &str) -> bool;
    /// A text in the registry.
    fn value(&self, value: &Value) -> Option<String>;
    /// Where a symbolic link leads.
    fn link(&self, path: &Path) -> Option<PathBuf>;
    /// Whether a folder has every file of another, with the same content.
    fn holds(&self, folder: &Path, of: &Path) -> bool;
}

/// This computer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Here;

impl Look for Here {
    fn kind(&self, path: &Path) -> Kind {
        match fs::symlink_metadata(path) {
            Err(_) => Kind::Absent,
            Ok(found) if found.is_dir() => Kind::Folder,
            Ok(found) if found.is_file() => Kind::File,
            Ok(_) if path.is_file() => Kind::File,
            Ok(_) => Kind::Other,
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // A pipe would be waited for.
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::new();
        file.take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_TEXT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Some(bytes))
    }

    fn sum(&self, path: &Path) -> Option<String> {
        let file = fs::File::open(path).ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut file = file.take(MAX_FILE);
        let mut digest = Sha256::new();
        let mut part = vec![0; 64 * 1024];
        loop {
            match file.read(&mut part).ok()? {
                0 => return Some(hex(&digest.finalize())),
                length => digest.update(part.get(..length)?),
            }
        }
    }

    fn has_program(&self, name: &str) -> bool {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .filter(|folder| !folder.starts_with("/snap") && !folder.starts_with("/var/lib/snapd"))
            .any(|folder| folder.join(name).is_file())
    }

    fn value(&self, value: &Value) -> Option<String> {
        registry::read(value)
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        fs::read_link(path).ok()
    }

    fn holds(&self, folder: &Path, of: &Path) -> bool {
        let Ok(files) = files_below(of) else {
            return false;
        };
        files.iter().all(|file| {
            let sum = self.sum(&folder.join(file));
            sum.is_some() && sum == self.sum(&of.join(file))
        })
    }
}

/// The files of a folder and of those in it, by their paths below it. Links are not followed.
pub(super) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                files.push(path);
            }
            if files.len() + open.len() > MAX_ENTRIES {
                return Err(io::Error::other("it has too many files"));
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The SHA-256 of bytes in hexadecimal digits.
pub(super) fn sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(system: System) -> Folders {
        Folders {
            system,
            home: "/home/alice".into(),
            config: "/home/alice/.settings".into(),
            data: "/home/alice/.local/share".into(),
            local_app_data: "C:\\Users\\alice\\AppData\\Local".into(),
            app_data: "C:\\Users\\alice\\AppData\\Roaming".into(),
            program_files: "C:\\Program Files".into(),
            own: "/home/alice/.local/share/pkarr".into(),
            root: None,
        }
    }

    #[test]
    fn paths_of_the_table_lead_somewhere() {
        let linux = folders(System::Linux);
        for (written, path) in [
            ("~/.config/chromium", "/home/alice/.settings/chromium"),
            ("~/.mozilla/x", "/home/alice/.mozilla/x"),
            ("/etc/chromium", "/etc/chromium"),
        ] {
            assert_eq!(linux.path(written), Path::new(path));
        }
        let staged = Folders {
            root: Some("/tmp/deb".into()),
            ..linux
        };
        assert_eq!(
            staged.path("/etc/chromium"),
            Path::new("/tmp/deb/etc/chromium")
        );
        let windows = folders(System::Windows);
        assert_eq!(
            windows.path("%LOCALAPPDATA%\\Chromium\\User Data"),
            Path::new("C:\\Users\\alice\\AppData\\Local\\Chromium\\User Data")
        );
    }

    #[test]
    fn lib64_is_a_place_of_its_own_where_it_is_no_link() {
        let root = tempfile::tempdir().unwrap();
        let staged = Folders {
            root: Some(root.path().to_owned()),
            ..folders(System::Linux)
        };
        let written = "/usr/{lib}/mozilla/x";
        assert_eq!(
            staged.paths(written, &Here),
            [root.path().join("usr/lib/mozilla/x")]
        );
        fs::create_dir_all(root.path().join("usr/lib64")).unwrap();
        assert_eq!(staged.paths(written, &Here).len(), 2);
    }
}
