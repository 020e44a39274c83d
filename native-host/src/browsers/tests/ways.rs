//! Sandboxes, services, the extension: what is beside a manifest.

use super::*;

#[test]
#[cfg(unix)]
fn a_flatpak_gets_a_copy_inside() {
    let computer = Computer::default()
        .folder("/home/alice/.var/app/org.mozilla.firefox")
        .file("/usr/bin/pkarr", "program");
    let plan = made(
        System::Linux,
        &computer,
        &Ledger::default(),
        &wishes("/usr/bin/pkarr"),
    );
    let plan = plan.unwrap();
    let app = "/home/alice/.var/app/org.mozilla.firefox";
    let inside = format!("{app}/data/pkarr/bin/pkarr");
    assert_eq!(makes(&plan, What::Program), [&*inside]);
    let place = format!("{app}/.mozilla/native-messaging-hosts/org.pkarr.host.json");
    assert_eq!(makes(&plan, What::Manifest), [&*place]);
    assert_eq!(content(&plan, &place).path, inside);
}

#[test]
#[cfg(unix)]
fn a_snap_of_chromium_is_told_of_the_gateway() {
    let computer = Computer::default()
        .folder("/snap/chromium")
        .folder("/run/systemd/system")
        .file("/usr/bin/pkarr", "program");
    let none = Ledger::default();
    let plan = made(System::Linux, &computer, &none, &wishes("/usr/bin/pkarr")).unwrap();
    assert_eq!(refusals(&plan), [&Refusal::Snap]);
    assert_eq!(plan.steps.len(), 1);
    let pac = Wishes {
        pac: true,
        ..wishes("/usr/bin/pkarr")
    };
    let plan = made(System::Linux, &computer, &none, &pac).unwrap();
    let units = "/home/alice/.config/systemd/user";
    assert_eq!(
        makes(&plan, What::Gateway),
        [
            format!("{units}/pkarr-gateway.service"),
            format!("{units}/default.target.wants/pkarr-gateway.service"),
        ]
    );
    let todo = plan.steps.iter().find_map(|step| match &step.verdict {
        Verdict::Todo(todo) => Some(todo),
        _ => None,
    });
    assert!(
        todo.unwrap()
            .contains("snap run chromium --proxy-pac-url=http://127.0.0.1:8118/")
    );
}

#[test]
#[cfg(unix)]
fn a_snap_of_firefox_takes_the_usual_place() {
    let computer = Computer::default()
        .folder("/snap/firefox")
        .file("/usr/bin/pkarr", "program");
    let plan = made(
        System::Linux,
        &computer,
        &Ledger::default(),
        &wishes("/usr/bin/pkarr"),
    );
    assert_eq!(
        makes(&plan.unwrap(), What::Manifest),
        ["/home/alice/.mozilla/native-messaging-hosts/org.pkarr.host.json"]
    );
}

#[test]
fn tor_browser_is_told_nothing() {
    let computer = Computer::default()
        .folder("/home/alice/.local/share/torbrowser")
        .program("firefox")
        .file("/usr/bin/pkarr", "program");
    let none = Ledger::default();
    let plan = made(System::Linux, &computer, &none, &wishes("/usr/bin/pkarr")).unwrap();
    assert!(matches!(*refusals(&plan), [Refusal::Never(why)] if why.contains("Tor")));
    let named = Wishes {
        which: Which::Named(vec!["tor-browser".to_owned()]),
        ..wishes("/usr/bin/pkarr")
    };
    let plan = made(System::Linux, &computer, &none, &named).unwrap();
    assert!(
        plan.steps
            .iter()
            .all(|step| !matches!(step.verdict, Verdict::Make(_)))
    );
}

#[test]
fn autostart_needs_systemd() {
    let computer = Computer::default()
        .program("chromium")
        .file("/usr/bin/pkarr", "program");
    let autostart = Wishes {
        autostart: true,
        ..wishes("/usr/bin/pkarr")
    };
    let none = Ledger::default();
    let plan = made(System::Linux, &computer, &none, &autostart).unwrap();
    assert_eq!(refusals(&plan), [&Refusal::NoSystemd("daemon")]);
    let computer = computer.folder("/run/systemd/system");
    let plan = made(System::Linux, &computer, &none, &autostart).unwrap();
    assert_eq!(makes(&plan, What::Autostart).len(), 2);
    // A unit that somebody has copied there is theirs.
    let unit = "/home/alice/.config/systemd/user/pkarr.service";
    let computer = computer.file(unit, "[Unit]");
    let plan = made(System::Linux, &computer, &none, &autostart).unwrap();
    assert_eq!(refusals(&plan), [&Refusal::Occupied]);
    assert!(makes(&plan, What::Autostart).is_empty());
}

#[test]
#[cfg(unix)]
fn the_extension_goes_where_each_browser_takes_it() {
    let unpacked = Bundle::Folder("/pkg/chromium".into());
    let xpi = Bundle::Xpi("/pkg/pkarr.xpi".into());
    let crx = Bundle::Crx("/pkg/pkarr-0.1.0.crx".into(), "0.1.0".to_owned());
    let url = Bundle::Url("https://example.org/updates.xml".parse().unwrap());
    let computer = || {
        Computer::default()
            .program("chromium")
            .program("google-chrome")
            .program("firefox-esr")
            .file("/usr/bin/pkarr", "program")
            .file("/pkg/pkarr.xpi", "xpi")
            .file("/pkg/pkarr-0.1.0.crx", "crx")
    };
    let none = Ledger::default();
    let for_all = |bundles: &[&Bundle]| Wishes {
        scope: Scope::System,
        bundles: bundles.iter().copied().cloned().collect(),
        ..wishes("/usr/bin/pkarr")
    };
    let debian = computer().file("/etc/chromium.d/extensions", "");
    let wished = for_all(&[&unpacked, &xpi, &url]);
    let plan = made(System::Linux, &debian, &none, &wished).unwrap();
    let id = &Identity::ours().unwrap().chromium.id;
    assert_eq!(
        makes(&plan, What::Extension),
        [
            "/usr/share/chromium/extensions/pkarr",
            &*format!("/usr/share/google-chrome/extensions/{id}.json"),
            "/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/extension@pkarr.org.xpi",
        ]
    );
    // Elsewhere nobody reads that folder.
    let plan = made(System::Linux, &computer(), &none, &for_all(&[&unpacked])).unwrap();
    assert!(
        !makes(&plan, What::Extension)
            .iter()
            .any(|place| place.starts_with("/usr/share"))
    );

    let for_one = Wishes {
        which: Which::Named(vec!["chromium".to_owned()]),
        bundles: vec![crx],
        ..wishes("/usr/bin/pkarr")
    };
    let plan = made(System::Linux, &computer(), &none, &for_one).unwrap();
    assert_eq!(
        makes(&plan, What::Extension),
        [
            "/home/alice/.local/share/pkarr/extension/pkarr.crx",
            &*format!("/home/alice/.config/chromium/External Extensions/{id}.json"),
        ]
    );
    let by_hand = Wishes {
        bundles: vec![unpacked],
        ..for_one
    };
    let plan = made(System::Linux, &computer(), &none, &by_hand).unwrap();
    let kept = "/home/alice/.local/share/pkarr/extension/chromium";
    assert_eq!(makes(&plan, What::Extension), [kept]);
    let told = |step: &Step| matches!(&step.verdict, Verdict::Todo(todo) if todo.contains(kept));
    assert!(plan.steps.iter().any(told));
}
