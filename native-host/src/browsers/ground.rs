//! What plans are made from, beside wishes: the table’s paths, the computer, and what was made before.

use std::path::{Path, PathBuf};

use super::{
    BrowsersError,
    ledger::Ledger,
    machine::{Folders, Kind, Look, Scope},
    registry::{Hive, Value},
    step::{Make, Place, Refusal, Verdict},
    table::{Engine, Identity, System, Table, Target},
};

/// What plans are made from, beside wishes.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Where the paths of the table lead.
    pub folders: &'a Folders,
    /// The computer.
    pub look: &'a dyn Look,
    /// What was made before.
    pub ledger: &'a Ledger,
}

impl Ground<'_> {
    /// The browsers of this system that are there, in the order of the table.
    ///
    /// # Errors
    /// [`BrowsersError::Table`].
    pub fn found(&self) -> Result<Vec<Target>, BrowsersError> {
        let mut targets = Table::ours()?.targets(self.folders.system);
        targets.retain(|target| self.is_there(target));
        Ok(targets)
    }

    pub(super) fn is_there(&self, target: &Target) -> bool {
        use super::table::Mark::{AppPath, Path, Program};
        target.marks.iter().any(|mark| match mark {
            Program(name) => self.look.has_program(name),
            Path(written) => self.is_any(written),
            AppPath(name) => {
                let key =
                    format!("Software\\Microsoft\\Windows\\CurrentVersion\\App Paths\\{name}");
                [Hive::User, Hive::Machine].into_iter().any(|hive| {
                    let value = Value {
                        hive,
                        key: key.clone(),
                        name: String::new(),
                    };
                    self.look.value(&value).is_some()
                })
            }
        })
    }

    pub(super) fn is_any(&self, written: &str) -> bool {
        self.look.kind(&self.folders.path(written)) != Kind::Absent
    }

    /// Where this browser’s manifests for `scope` are, or the values that name them.
    pub fn places(&self, target: &Target, scope: Scope) -> Vec<Place> {
        let host = Identity::ours().map_or("", |identity| &identity.host);
        let written = match scope {
            Scope::User => &target.user,
            Scope::System => &target.system,
        };
        match self.folders.system {
            System::Windows => {
                let hive = match scope {
                    Scope::User => Hive::User,
                    Scope::System => Hive::Machine,
                };
                let value = |key: &String| Value {
                    hive,
                    key: format!("{key}\\{host}"),
                    name: String::new(),
                };
                written.iter().map(|key| Place::Value(value(key))).collect()
            }
            _ => written
                .iter()
                .flat_map(|folder| self.folders.paths(folder, self.look))
                .map(|folder| Place::Path(folder.join(format!("{host}.json"))))
                .collect(),
        }
    }

    /// What is to be done for a copy of a file to be there.
    pub(super) fn copied(
        &self,
        from: &Path,
        to: &Path,
        make: fn(PathBuf) -> Make,
        force: bool,
    ) -> Verdict {
        let make = || Verdict::Make(make(from.to_owned()));
        let Ground { look, ledger, .. } = self;
        match look.kind(to) {
            Kind::Absent => make(),
            Kind::File => match (look.sum(to), look.sum(from)) {
                (Some(there), Some(here)) if there == here => Verdict::Already,
                (Some(there), _) if ledger.has_file(to, &there) => make(),
                _ if force => make(),
                _ => Verdict::Refused(Refusal::Occupied),
            },
            _ => Verdict::Refused(Refusal::Occupied),
        }
    }

    /// The file that has the manifests’ text on Windows, where keys only name it.
    pub(super) fn manifest_file(&self, engine: Engine, scope: Scope) -> PathBuf {
        let name = match engine {
            Engine::Chromium => "native-host.chromium.json",
            Engine::Gecko => "native-host.firefox.json",
        };
        self.folders.below(&self.folders.kept(scope), name)
    }
}
