//! What there is to do, as a list of steps: made from the ground ([`Ground`]) and the wishes, and nothing
//! else. What others wrote is never replaced, unless that is wished.

use super::{
    BrowsersError, extension,
    ground::Ground,
    machine::Scope,
    manifest,
    planner::Planner,
    program::{self, Settled},
    service,
    step::{Make, Place, Plan, Refusal, Step, Verdict, What},
    table::{Identity, Reach, Table, Target},
    wishes::{Which, Wishes},
};

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

impl Planner<'_> {
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
}

fn target_places_lack(target: &Target, scope: Scope) -> bool {
    match scope {
        Scope::User => target.user.is_empty(),
        Scope::System => target.system.is_empty(),
    }
}
