//! All that the program keeps for a user, apart from key files, which are theirs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::ledger::absent;

/// What files of ours in the data folder begin with.
const FILES: [&str; 5] = [".dht-", "cache.db", "dht-", "dht.lock", "https.lock"];
/// Folders of ours there.
const FOLDERS: [&str; 3] = ["logs", "https", "serve"];
/// What folders above those are called on Windows.
const OWN: &str = "pkarr";

/// What there is now, of the data folder and of the configuration: each is a file, or a folder with
/// all that is in it. What others put there is not among it.
pub fn what_is_kept(data: &Path, configuration: Option<&Path>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let ours = match folder {
            true => FOLDERS.contains(&&*name),
            false => FILES.iter().any(|start| name.starts_with(start)),
        };
        if ours {
            kept.push(entry.path());
        }
    }
    if let Some(file) = configuration {
        let mut lock = file.as_os_str().to_owned();
        lock.push(".lock");
        let there = [file.to_owned(), lock.into()];
        kept.extend(there.into_iter().filter(|path| path.exists()));
    }
    kept.sort_unstable();
    kept
}

/// Removes it, and the folders it was in where they are empty then.
///
/// # Errors
/// The first that the system gives, with the path it is about.
pub fn purge(kept: &[PathBuf]) -> Result<(), (PathBuf, io::Error)> {
    for path in kept {
        let removed = match path.is_dir() && !path.is_symlink() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
        absent(removed).map_err(|error| (path.clone(), error))?;
    }
    for folder in kept.iter().filter_map(|path| path.parent()) {
        // On Windows it is `pkarr\pkarr\data`.
        let ours = |folder: &&Path| cfg!(windows) && folder.ends_with(OWN);
        let above = folder.ancestors().skip(1).take_while(ours);
        for folder in [folder].into_iter().chain(above) {
            // Where others keep something, it stays.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_keep_in_the_folder_stays() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        fs::create_dir_all(data.join("logs")).unwrap();
        fs::create_dir_all(data.join("mine")).unwrap();
        for name in [
            "cache.db",
            "cache.db-wal",
            ".dht-x",
            "dht-00.nodes",
            "dht.lock",
            "site.key",
            "logs/a",
        ] {
            fs::write(data.join(name), "x").unwrap();
        }
        let config = home.path().join("config/config.toml");
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        fs::write(&config, "").unwrap();
        let kept = what_is_kept(&data, Some(&config));
        purge(&kept).unwrap();
        let left: Vec<_> = fs::read_dir(&data).unwrap().flatten().collect();
        let mut left: Vec<_> = left.iter().map(|entry| entry.file_name()).collect();
        left.sort();
        assert_eq!(left, ["mine", "site.key"]);
        assert!(!config.parent().unwrap().exists());
    }
}
