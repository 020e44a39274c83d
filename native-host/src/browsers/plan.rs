//! What there is to do, as a list of steps: made from the table, the wishes and a look at the
//! computer, and nothing else. What others wrote is never part of a step, unless that is wished.

use std::path::{Path, PathBuf};

use super::{
    BrowsersError,
    extension::{self, Bundle},
    ledger::Ledger,
    machine::{self, Folders, Hive, Kind, Look, Scope, Value},
    manifest::{self, Manifest},
    program::{self, Settled, Source},
    service,
    step::{Make, Place, Plan, Refusal, Step, Verdict, What},
    table::{Engine, Identity, Reach, System, Table, Target},
};

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// For whom.
    pub scope: Scope,
    /// In which browsers.
    pub which: Which,
    /// Which program browsers are to start.
    pub program: Source,
    /// The extension in its forms, if it is to be put in place, too.
    pub bundles: Vec<Bundle>,
    /// Whether `pkarr daemon` is to start with the session.
    pub autostart: bool,
    /// Whether a gateway is to run for browsers that can start no program.
    pub pac: bool,
    /// Whether what others wrote may be replaced.
    pub force: bool,
    /// Whether what serves nobody, because it can’t be read or leads nowhere, may be replaced.
    pub mend: bool,
}

/// Which browsers are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those that are found.
    Found,
    /// All that can be there: not those in sandboxes, which have folders only when they are.
    All,
    /// These, by id, whether or not they are found.
    Named(Vec<String>),
}

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

    fn is_there(&self, target: &Target) -> bool {
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

    fn is_any(&self, written: &str) -> bool {
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

/// Plans an installation.
///
/// # Errors
/// [`BrowsersError`] where nothing at all can be planned: a browser nobody knows, a program that is
/// not there, no browser found.
pub fn plan(ground: Ground<'_>, wishes: &Wishes) -> Result<Plan, BrowsersError> {
    let table = Table::ours()?;
    let targets = chosen(ground, table, &wishes.which)?;
    let settled = program::settle(ground, wishes)?;
    let mut planner = Planner {
        ground,
        wishes,
        identity: Identity::ours()?,
        steps: Vec::new(),
    };
    let needs_program = wishes.autostart
        || wishes.pac
        || targets
            .iter()
            .any(|one| !matches!(one.reach, Reach::Flatpak(_) | Reach::Nothing(_)));
    if needs_program && let Some(verdict) = &settled.verdict {
        let place = Place::Path(settled.program.clone());
        planner.add(None, What::Program, Some(place), verdict.clone());
    }
    for target in &targets {
        planner.native_host(target, &settled);
    }
    extension::plan(&mut planner, &targets);
    if wishes.autostart {
        service::plan(&mut planner, service::DAEMON, &settled.program);
    }
    if wishes.pac {
        service::plan(&mut planner, service::GATEWAY, &settled.program);
        let todo = service::point_to_gateway(&targets);
        planner.add(None, What::Gateway, None, Verdict::Todo(todo));
    }
    for refused in &table.refused {
        let named = matches!(&wishes.which, Which::Named(ids) if ids.contains(&refused.id));
        let found = || {
            let there = |mark: &String| ground.is_any(mark);
            wishes.which == Which::Found && refused.marks.iter().any(there)
        };
        if named || found() {
            planner.steps.push(Step {
                browsers: vec![refused.id.clone()],
                names: vec![refused.name.clone()],
                what: What::Manifest,
                place: None,
                verdict: Verdict::Refused(Refusal::Never(refused.why.clone())),
            });
        }
    }
    Ok(Plan {
        steps: planner.steps,
        program: settled.program,
    })
}

fn chosen(ground: Ground<'_>, table: &Table, which: &Which) -> Result<Vec<Target>, BrowsersError> {
    let mut all = table.targets(ground.folders.system);
    match which {
        Which::Found => {
            let found = ground.found()?;
            let never = |refused: &super::table::Refused| {
                refused.marks.iter().any(|mark| ground.is_any(mark))
            };
            if found.is_empty() && !table.refused.iter().any(never) {
                return Err(BrowsersError::NoBrowser);
            }
            Ok(found)
        }
        Which::All => {
            let staged = ground.folders.root.is_some();
            all.retain(|target| match target.reach {
                Reach::Direct => true,
                _ => !staged && ground.is_there(target),
            });
            Ok(all)
        }
        Which::Named(ids) => {
            let known = |id: &String| {
                all.iter().any(|target| target.id == *id)
                    || table.refused.iter().any(|refused| refused.id == *id)
            };
            if let Some(unknown) = ids.iter().find(|id| !known(id)) {
                let known = all.iter().map(|target| target.id.as_str());
                return Err(BrowsersError::UnknownBrowser {
                    id: unknown.clone(),
                    known: known.collect::<Vec<_>>().join(", "),
                });
            }
            all.retain(|target| ids.contains(&target.id));
            Ok(all)
        }
    }
}

/// A plan in the making.
pub(super) struct Planner<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) wishes: &'a Wishes,
    pub(super) identity: &'a Identity,
    steps: Vec<Step>,
}

impl Planner<'_> {
    /// Adds a step. What several browsers share is one step of all of them.
    pub(super) fn add(
        &mut self,
        target: Option<&Target>,
        what: What,
        place: Option<Place>,
        verdict: Verdict,
    ) {
        let same = self.steps.iter_mut().find(|step| {
            step.what == what && step.place == place && (place.is_some() || step.verdict == verdict)
        });
        if let Some(step) = same {
            if let Some(target) = target
                && !step.browsers.contains(&target.id)
            {
                step.browsers.push(target.id.clone());
                step.names.push(target.name.clone());
            }
            return;
        }
        self.steps.push(Step {
            browsers: target.map(|target| target.id.clone()).into_iter().collect(),
            names: target
                .map(|target| target.name.clone())
                .into_iter()
                .collect(),
            what,
            place,
            verdict,
        });
    }

    /// What lets a browser start the program.
    fn native_host(&mut self, target: &Target, settled: &Settled) {
        let scope = self.wishes.scope;
        let refused = match &target.reach {
            Reach::Nothing(_) if self.wishes.pac => return,
            Reach::Nothing(_) => Some(Refusal::Snap),
            _ => target_places_lack(target, scope).then_some(Refusal::NotForAll),
        };
        if let Some(refusal) = refused {
            self.add(
                Some(target),
                What::Manifest,
                None,
                Verdict::Refused(refusal),
            );
            return;
        }
        let program = match &target.reach {
            Reach::Flatpak(app) => {
                let place = program::in_flatpak(self.ground.folders, app);
                let verdict =
                    self.ground
                        .copied(&settled.source, &place, Make::Program, self.wishes.force);
                let step = Some(Place::Path(place.clone()));
                self.add(Some(target), What::Program, step, verdict);
                place
            }
            _ => settled.program.clone(),
        };
        let text = manifest::text(self.identity, target.engine, &program.to_string_lossy());
        for place in self.ground.places(target, scope) {
            match place {
                Place::Path(path) => {
                    let verdict = self.file(&path, text.as_bytes(), Some(target.engine), &program);
                    let place = Some(Place::Path(path));
                    self.add(Some(target), What::Manifest, place, verdict);
                }
                Place::Value(value) => {
                    let file = self.ground.manifest_file(target.engine, scope);
                    let verdict = self.file(&file, text.as_bytes(), Some(target.engine), &program);
                    let place = Some(Place::Path(file.clone()));
                    self.add(Some(target), What::Manifest, place, verdict);
                    let verdict = self.value(&value, &file.to_string_lossy());
                    let place = Some(Place::Value(value));
                    self.add(Some(target), What::Manifest, place, verdict);
                }
            }
        }
    }

    /// What is to be done for a file to have this content.
    ///
    /// With an engine it is a manifest, by which `program` is to be started.
    pub(super) fn file(
        &self,
        path: &Path,
        content: &[u8],
        engine: Option<Engine>,
        program: &Path,
    ) -> Verdict {
        let make = || Verdict::Make(Make::File(content.to_vec()));
        let Ground { look, ledger, .. } = self.ground;
        let there = match look.read(path) {
            Ok(None) if look.kind(path) == Kind::Absent => return make(),
            // A link that leads nowhere.
            Ok(None) if self.wishes.force || self.wishes.mend => return make(),
            Ok(None) => return Verdict::Refused(Refusal::Occupied),
            Ok(Some(there)) => there,
            Err(error) => return Verdict::Refused(Refusal::Unreadable(error.to_string())),
        };
        if there == content {
            return Verdict::Already;
        }
        if self.wishes.force || ledger.has_file(path, &machine::sum(&there)) {
            return make();
        }
        let Some(engine) = engine else {
            return Verdict::Refused(Refusal::Occupied);
        };
        let Ok(manifest) = Manifest::read(&there) else {
            return match self.wishes.mend {
                true => make(),
                false => Verdict::Refused(Refusal::Occupied),
            };
        };
        let admits = manifest.admits(self.identity, engine);
        if admits && Path::new(&manifest.path) == program {
            return Verdict::Already;
        }
        let gone = look.kind(Path::new(&manifest.path)) == Kind::Absent;
        // One of ours, of a program that is no more.
        let form = manifest::text(self.identity, engine, &manifest.path);
        if gone && (self.wishes.mend || there == form.as_bytes()) {
            return make();
        }
        Verdict::Refused(Refusal::Foreign(manifest.path))
    }

    /// What is to be done for a value of the registry to be this text. It names a file.
    pub(super) fn value(&self, value: &Value, text: &str) -> Verdict {
        let make = || Verdict::Make(Make::Value(text.to_owned()));
        let Ground { look, ledger, .. } = self.ground;
        match look.value(value) {
            None => make(),
            Some(there) if there == text => Verdict::Already,
            Some(there) if self.wishes.force || ledger.has_value(value, &there) => make(),
            Some(there) => {
                if look.kind(Path::new(&there)) == Kind::Absent && self.wishes.mend {
                    return make();
                }
                Verdict::Refused(Refusal::Foreign(there))
            }
        }
    }

    /// What is to be done for a symbolic link to lead there.
    pub(super) fn link(&self, path: &Path, to: &Path) -> Verdict {
        let Ground { look, ledger, .. } = self.ground;
        match look.link(path) {
            Some(there) if there == to => Verdict::Already,
            Some(there) if self.wishes.force || ledger.has_link(path, &there) => {
                Verdict::Make(Make::Link(to.to_owned()))
            }
            None if look.kind(path) == Kind::Absent => Verdict::Make(Make::Link(to.to_owned())),
            _ => Verdict::Refused(Refusal::Occupied),
        }
    }
}

fn target_places_lack(target: &Target, scope: Scope) -> bool {
    match scope {
        Scope::User => target.user.is_empty(),
        Scope::System => target.system.is_empty(),
    }
}
