//! A plan in the making: its steps, and what becomes of one file, value or link.

use std::path::Path;

use super::{
    ground::Ground,
    machine::{self, Kind},
    manifest::{self, Manifest},
    registry::Value,
    step::{Make, Place, Refusal, Step, Verdict, What},
    table::{Engine, Identity, Target},
    wishes::Wishes,
};

/// A plan in the making.
pub(super) struct Planner<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) wishes: &'a Wishes,
    pub(super) identity: &'a Identity,
    pub(super) steps: Vec<Step>,
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
