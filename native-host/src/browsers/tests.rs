//! Plans for computers of every kind, made up here.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use super::*;

mod systems;
mod ways;

/// A computer that is made up.
#[derive(Default)]
struct Computer {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    programs: BTreeSet<&'static str>,
    values: BTreeMap<String, String>,
}

impl Computer {
    fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    fn folder(mut self, path: &str) -> Self {
        self.folders.insert(path.into());
        self
    }

    fn program(mut self, name: &'static str) -> Self {
        self.programs.insert(name);
        self
    }

    fn value(mut self, key: &str, text: &str) -> Self {
        self.values.insert(key.to_owned(), text.to_owned());
        self
    }
}

impl Look for Computer {
    fn kind(&self, path: &Path) -> Kind {
        if self.files.contains_key(path) {
            Kind::File
        } else if self.folders.contains(path) {
            Kind::Folder
        } else {
            Kind::Absent
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files.get(path).cloned())
    }

    fn sum(&self, path: &Path) -> Option<String> {
        self.files.get(path).map(|content| machine::sum(content))
    }

    fn has_program(&self, name: &str) -> bool {
        self.programs.contains(name)
    }

    fn value(&self, value: &Value) -> Option<String> {
        self.values.get(&value.to_string()).cloned()
    }

    fn link(&self, _: &Path) -> Option<PathBuf> {
        None
    }

    fn holds(&self, _: &Path, _: &Path) -> bool {
        false
    }
}

fn folders(system: System) -> Folders {
    let home = match system {
        System::Linux => "/home/alice",
        System::Macos => "/Users/alice",
        System::Windows => "C:\\Users\\alice",
    };
    let own = match system {
        System::Linux => "/home/alice/.local/share/pkarr",
        System::Macos => "/Users/alice/Library/Application Support/org.pkarr.pkarr",
        System::Windows => "C:\\Users\\alice\\AppData\\Local\\pkarr\\pkarr\\data",
    };
    Folders {
        system,
        config: format!("{home}/.config").into(),
        data: format!("{home}/.local/share").into(),
        local_app_data: format!("{home}\\AppData\\Local").into(),
        app_data: format!("{home}\\AppData\\Roaming").into(),
        program_files: "C:\\Program Files".into(),
        home: home.into(),
        own: own.into(),
        root: None,
    }
}

fn wishes(program: &str) -> Wishes {
    Wishes {
        scope: Scope::User,
        which: Which::Found,
        program: Source::Running(program.into()),
        bundles: Vec::new(),
        autostart: false,
        pac: false,
        force: false,
        mend: false,
    }
}

fn made(
    system: System,
    computer: &Computer,
    ledger: &Ledger,
    wishes: &Wishes,
) -> Result<Plan, BrowsersError> {
    let folders = folders(system);
    let ground = Ground {
        folders: &folders,
        look: computer,
        ledger,
    };
    plan(ground, wishes)
}

/// Where something is made, by what it is about.
fn makes(plan: &Plan, what: What) -> Vec<String> {
    let steps = plan.steps.iter();
    let made = steps.filter(|step| step.what == what && matches!(step.verdict, Verdict::Make(_)));
    let place = |step: &Step| match step.place.as_ref().unwrap() {
        Place::Path(path) => path.display().to_string(),
        Place::Value(value) => value.to_string(),
    };
    made.map(place).collect()
}

fn refusals(plan: &Plan) -> Vec<&Refusal> {
    let verdicts = plan.steps.iter().map(|step| &step.verdict);
    verdicts
        .filter_map(|verdict| match verdict {
            Verdict::Refused(refusal) => Some(refusal),
            _ => None,
        })
        .collect()
}

fn content(plan: &Plan, place: &str) -> Manifest {
    let at = Place::Path(place.into());
    let step = plan
        .steps
        .iter()
        .find(|step| step.place.as_ref() == Some(&at));
    match &step.unwrap().verdict {
        Verdict::Make(Make::File(content)) => Manifest::read(content).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
#[cfg(unix)]
fn on_linux_every_browser_found_is_told_of_a_program_that_stays() {
    let computer = Computer::default()
        .program("chromium")
        .folder("/home/alice/.mozilla/firefox")
        .folder("/home/alice/.zen")
        .file("/home/alice/Downloads/pkarr", "program");
    let none = Ledger::default();
    let plan = made(
        System::Linux,
        &computer,
        &none,
        &wishes("/home/alice/Downloads/pkarr"),
    );
    let plan = plan.unwrap();
    assert_eq!(plan.program, Path::new("/home/alice/.local/bin/pkarr"));
    assert_eq!(
        makes(&plan, What::Program),
        ["/home/alice/.local/bin/pkarr"]
    );
    let chromium = "/home/alice/.config/chromium/NativeMessagingHosts/org.pkarr.host.json";
    let firefox = "/home/alice/.mozilla/native-messaging-hosts/org.pkarr.host.json";
    assert_eq!(makes(&plan, What::Manifest), [chromium, firefox]);
    for place in [chromium, firefox] {
        assert_eq!(content(&plan, place).path, "/home/alice/.local/bin/pkarr");
    }
    let shared = plan
        .steps
        .iter()
        .find(|step| step.browsers.contains(&"zen".to_owned()));
    assert_eq!(shared.unwrap().browsers, ["firefox", "zen"]);
}

#[test]
#[cfg(unix)]
fn a_program_of_a_package_stays_where_it_is() {
    let computer = Computer::default()
        .program("chromium")
        .file("/usr/bin/pkarr", "program");
    let none = Ledger::default();
    let plan = made(System::Linux, &computer, &none, &wishes("/usr/bin/pkarr")).unwrap();
    assert_eq!(plan.program, Path::new("/usr/bin/pkarr"));
    assert!(makes(&plan, What::Program).is_empty());
    // What lies in somebody’s home is nothing for all.
    let of_alice = Computer::default()
        .program("chromium")
        .file("/home/alice/.local/bin/pkarr", "program");
    let for_all = Wishes {
        scope: Scope::System,
        ..wishes("/home/alice/.local/bin/pkarr")
    };
    let plan = made(System::Linux, &of_alice, &none, &for_all).unwrap();
    assert_eq!(plan.program, Path::new("/usr/local/bin/pkarr"));
    assert_eq!(
        makes(&plan, What::Manifest),
        ["/etc/chromium/native-messaging-hosts/org.pkarr.host.json"]
    );
}

const CHROMIUM: &str = "/home/alice/.config/chromium/NativeMessagingHosts/org.pkarr.host.json";

/// A manifest of our name that names another program, written in our form or by hand.
fn manifest_of(program: &str, ours: bool) -> String {
    let identity = Identity::ours().unwrap();
    let text = manifest::text(identity, Engine::Chromium, program);
    match ours {
        true => text,
        false => text.replace('\n', " "),
    }
}

#[test]
#[cfg(unix)]
fn what_others_wrote_stays_until_somebody_says_so() {
    let other = manifest_of("/home/alice/dev/pkarr", false);
    let computer = Computer::default()
        .program("chromium")
        .file("/usr/bin/pkarr", "program")
        .file("/home/alice/dev/pkarr", "other")
        .file(CHROMIUM, &other);
    let none = Ledger::default();
    let plain = wishes("/usr/bin/pkarr");
    let plan = made(System::Linux, &computer, &none, &plain).unwrap();
    assert_eq!(
        refusals(&plan),
        [&Refusal::Foreign("/home/alice/dev/pkarr".to_owned())]
    );
    let mend = Wishes {
        mend: true,
        ..plain.clone()
    };
    let plan = made(System::Linux, &computer, &none, &mend).unwrap();
    assert!(
        makes(&plan, What::Manifest).is_empty(),
        "it serves somebody"
    );
    let force = Wishes {
        force: true,
        ..plain.clone()
    };
    let plan = made(System::Linux, &computer, &none, &force).unwrap();
    assert_eq!(makes(&plan, What::Manifest), [CHROMIUM]);
    // What is in the list is ours.
    let ours = Ledger::of(vec![Made::File {
        path: CHROMIUM.into(),
        sums: vec![machine::sum(other.as_bytes())],
    }]);
    let plan = made(System::Linux, &computer, &ours, &plain).unwrap();
    assert_eq!(makes(&plan, What::Manifest), [CHROMIUM]);
}

#[test]
#[cfg(unix)]
fn what_serves_nobody_may_be_mended() {
    let plain = wishes("/usr/bin/pkarr");
    let mend = Wishes {
        mend: true,
        ..plain.clone()
    };
    let none = Ledger::default();
    for (content, without) in [
        // Ours, of a program that is no more.
        (manifest_of("/home/alice/gone/pkarr", true), true),
        (manifest_of("/home/alice/gone/pkarr", false), false),
        ("{".to_owned(), false),
    ] {
        let computer = Computer::default()
            .program("chromium")
            .file("/usr/bin/pkarr", "program")
            .file(CHROMIUM, &content);
        let plan = made(System::Linux, &computer, &none, &plain).unwrap();
        assert_eq!(
            !makes(&plan, What::Manifest).is_empty(),
            without,
            "{content}"
        );
        let plan = made(System::Linux, &computer, &none, &mend).unwrap();
        assert_eq!(makes(&plan, What::Manifest), [CHROMIUM], "{content}");
    }
}

#[test]
fn what_says_the_same_is_there_already() {
    for ours in [true, false] {
        let computer = Computer::default()
            .program("chromium")
            .file("/usr/bin/pkarr", "program")
            .file(CHROMIUM, &manifest_of("/usr/bin/pkarr", ours));
        let plan = made(
            System::Linux,
            &computer,
            &Ledger::default(),
            &wishes("/usr/bin/pkarr"),
        );
        let verdicts: Vec<_> = plan
            .unwrap()
            .steps
            .into_iter()
            .map(|step| step.verdict)
            .collect();
        assert_eq!(verdicts, [Verdict::Already]);
    }
}

#[test]
#[cfg(unix)]
fn a_program_of_others_is_not_replaced() {
    let computer = Computer::default()
        .program("chromium")
        .file("/tmp/pkarr", "new")
        .file("/home/alice/.local/bin/pkarr", "something of alice’s");
    let plan = made(
        System::Linux,
        &computer,
        &Ledger::default(),
        &wishes("/tmp/pkarr"),
    )
    .unwrap();
    assert_eq!(
        plan.program,
        Path::new("/home/alice/.local/share/pkarr/bin/pkarr")
    );
    let ours = Ledger::of(vec![Made::File {
        path: "/home/alice/.local/bin/pkarr".into(),
        sums: vec![machine::sum("something of alice’s".as_bytes())],
    }]);
    let plan = made(System::Linux, &computer, &ours, &wishes("/tmp/pkarr")).unwrap();
    assert_eq!(
        makes(&plan, What::Program),
        ["/home/alice/.local/bin/pkarr"]
    );
}

#[test]
fn nothing_to_do_is_told_as_such() {
    let none = Ledger::default();
    let empty = Computer::default().file("/usr/bin/pkarr", "program");
    let error = made(System::Linux, &empty, &none, &wishes("/usr/bin/pkarr")).unwrap_err();
    assert!(matches!(error, BrowsersError::NoBrowser));
    let named = Wishes {
        which: Which::Named(vec!["netscape".to_owned()]),
        ..wishes("/usr/bin/pkarr")
    };
    let error = made(System::Linux, &empty, &none, &named).unwrap_err();
    assert!(error.to_string().contains("chromium"), "{error}");
    let all = Wishes {
        which: Which::All,
        ..wishes("/usr/bin/pkarr")
    };
    for system in [System::Linux, System::Macos, System::Windows] {
        let plan = made(system, &empty, &none, &all).unwrap();
        assert!(makes(&plan, What::Manifest).len() >= 10, "{system:?}");
    }
}

#[test]
fn what_was_changed_since_stays() {
    let file = |path: &str, content: &str| Made::File {
        path: path.into(),
        sums: vec![machine::sum(content.as_bytes())],
    };
    let made = [
        Made::Folder { path: "/a".into() },
        Made::Folder {
            path: "/a/b".into(),
        },
        file("/a/b/same", "same"),
        file("/a/b/changed", "before"),
        file("/a/b/gone", "gone"),
    ];
    let computer = Computer::default()
        .folder("/a")
        .folder("/a/b")
        .file("/a/b/same", "same")
        .file("/a/b/changed", "after");
    let fates = |force| -> Vec<_> {
        let removals = removals(&made, &computer, force);
        removals
            .into_iter()
            .map(|removal| (removal.made, removal.fate))
            .collect()
    };
    let [folder, inner, same, changed, gone] = made.clone();
    let mut expected = vec![
        (gone, Fate::Gone),
        (changed, Fate::Changed),
        (same, Fate::Remove),
        (inner, Fate::Remove),
        (folder, Fate::Remove),
    ];
    assert_eq!(fates(false), expected);
    expected[1].1 = Fate::Remove;
    assert_eq!(fates(true), expected);
}

#[test]
#[cfg(unix)]
fn a_broken_manifest_of_the_user_shadows_a_good_one_for_all() {
    let of_all = "/etc/chromium/native-messaging-hosts/org.pkarr.host.json";
    let good = manifest_of("/usr/bin/pkarr", true);
    let chromium = || {
        let targets = Table::ours().unwrap().targets(System::Linux);
        targets
            .into_iter()
            .find(|one| one.id == "chromium")
            .unwrap()
    };
    let looked = |computer: Computer| {
        let folders = folders(System::Linux);
        let ledger = Ledger::default();
        let ground = Ground {
            folders: &folders,
            look: &computer,
            ledger: &ledger,
        };
        let identity = Identity::ours().unwrap();
        inspect::of(ground, identity, chromium(), Path::new("/usr/bin/pkarr"))
    };
    let computer = || {
        Computer::default()
            .file("/usr/bin/pkarr", "program")
            .file(of_all, &good)
    };
    let found = looked(computer());
    assert_eq!((found.condition, found.shadows), (Condition::Good, false));
    let found = looked(computer().file(CHROMIUM, "{"));
    assert!(matches!(found.condition, Condition::Unreadable(_)) && found.shadows);
    let gone = manifest_of("/gone/pkarr", false);
    let found = looked(computer().file(CHROMIUM, &gone));
    assert_eq!((found.condition, found.shadows), (Condition::Gone, true));
    assert_eq!(found.registration.unwrap().scope, Scope::User);
    // Mending it makes one for the user that serves.
    let broken = computer().program("chromium").file(CHROMIUM, &gone);
    let mend = Wishes {
        mend: true,
        ..wishes("/usr/bin/pkarr")
    };
    let plan = made(System::Linux, &broken, &Ledger::default(), &mend).unwrap();
    assert_eq!(makes(&plan, What::Manifest), [CHROMIUM]);
}
