//! The folders of the user who runs the program.
//!
//! On Unix the environment says where they are (`HOME`, `XDG_CONFIG_HOME`, …). Windows itself takes no
//! notice of it, but keeps in `USERPROFILE`, `APPDATA` and `LOCALAPPDATA` what it knows: these are asked
//! first, so that the program can be given a home of its own there, too.

use std::{env, path::PathBuf};

use directories::{BaseDirs, ProjectDirs};

/// The home folder; `None` when there is none.
pub(crate) fn home() -> Option<PathBuf> {
    of_windows("USERPROFILE").or_else(|| Some(BaseDirs::new()?.home_dir().to_owned()))
}

/// Where programs of Windows keep what roams, such as their settings.
pub(crate) fn app_data() -> Option<PathBuf> {
    of_windows("APPDATA").or_else(|| Some(BaseDirs::new()?.data_dir().to_owned()))
}

/// Where programs of Windows keep what is this machine’s own.
pub(crate) fn local_app_data() -> Option<PathBuf> {
    of_windows("LOCALAPPDATA").or_else(|| Some(BaseDirs::new()?.data_local_dir().to_owned()))
}

/// Where the program’s settings are.
pub(crate) fn config() -> Option<PathBuf> {
    of_windows("APPDATA")
        .map(|folder| folder.join("pkarr\\pkarr\\config"))
        .or_else(|| Some(project()?.config_dir().to_owned()))
}

/// Where the program keeps data. It is this machine’s own: what roams on Windows is copied to others,
/// and secret keys stay where they are.
pub(crate) fn data() -> Option<PathBuf> {
    of_windows("LOCALAPPDATA")
        .map(|folder| folder.join("pkarr\\pkarr\\data"))
        .or_else(|| Some(project()?.data_local_dir().to_owned()))
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("org", "pkarr", "pkarr")
}

fn of_windows(variable: &str) -> Option<PathBuf> {
    if !cfg!(windows) {
        return None;
    }
    let path = PathBuf::from(env::var_os(variable)?);
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stays_on_this_machine() {
        let folder = data().unwrap();
        if cfg!(windows) {
            assert!(!folder.starts_with(env::var_os("APPDATA").unwrap()));
        } else {
            assert_eq!(folder, project().unwrap().data_dir());
        }
    }

    #[test]
    fn variables_say_what_the_system_does() {
        let folders = project().unwrap();
        assert_eq!(home().unwrap(), BaseDirs::new().unwrap().home_dir());
        assert_eq!(config().unwrap(), folders.config_dir());
        assert_eq!(data().unwrap(), folders.data_local_dir());
    }
}
