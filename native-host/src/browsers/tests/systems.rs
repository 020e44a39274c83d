//! Plans for macOS and Windows.

use super::*;

#[test]
#[cfg(unix)]
fn homebrew_upgrades_change_nothing() {
    let computer = Computer::default()
        .folder("/Applications/Firefox.app")
        .file("/opt/homebrew/Cellar/pkarr/0.1.0/bin/pkarr", "program")
        .file("/opt/homebrew/bin/pkarr", "program");
    let wishes = wishes("/opt/homebrew/Cellar/pkarr/0.1.0/bin/pkarr");
    let plan = made(System::Macos, &computer, &Ledger::default(), &wishes).unwrap();
    assert_eq!(plan.program, Path::new("/opt/homebrew/bin/pkarr"));
    assert_eq!(
        makes(&plan, What::Manifest),
        [
            "/Users/alice/Library/Application Support/Mozilla/NativeMessagingHosts/org.pkarr.host.json"
        ]
    );
}

#[test]
#[cfg(unix)]
fn on_macos_bundles_and_profiles_tell_of_browsers() {
    let computer = Computer::default()
        .folder("/Applications/Google Chrome.app")
        .folder("/Users/alice/Library/Application Support/Microsoft Edge")
        .file("/private/tmp/pkarr", "program");
    let autostart = Wishes {
        autostart: true,
        ..wishes("/private/tmp/pkarr")
    };
    let plan = made(System::Macos, &computer, &Ledger::default(), &autostart).unwrap();
    let below = "/Users/alice/Library/Application Support";
    assert_eq!(
        makes(&plan, What::Manifest),
        [
            format!("{below}/Google/Chrome/NativeMessagingHosts/org.pkarr.host.json"),
            format!("{below}/Microsoft Edge/NativeMessagingHosts/org.pkarr.host.json"),
        ]
    );
    assert_eq!(
        makes(&plan, What::Autostart),
        ["/Users/alice/Library/LaunchAgents/org.pkarr.pkarr.plist"]
    );
}

#[test]
fn on_windows_keys_name_a_file() {
    let computer = Computer::default()
        .value(
            "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\App Paths\\firefox.exe",
            "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
        )
        .folder("C:\\Users\\alice\\AppData\\Local\\Microsoft\\Edge\\User Data")
        .file("C:\\Users\\alice\\Downloads\\pkarr.exe", "program");
    let autostart = Wishes {
        autostart: true,
        ..wishes("C:\\Users\\alice\\Downloads\\pkarr.exe")
    };
    let plan = made(System::Windows, &computer, &Ledger::default(), &autostart).unwrap();
    let program = "C:\\Users\\alice\\AppData\\Local\\Programs\\pkarr\\pkarr.exe";
    assert_eq!(makes(&plan, What::Program), [program]);
    let own = "C:\\Users\\alice\\AppData\\Local\\pkarr\\pkarr\\data";
    assert_eq!(
        makes(&plan, What::Manifest),
        [
            &*format!("{own}\\native-host.chromium.json"),
            "HKCU\\Software\\Microsoft\\Edge\\NativeMessagingHosts\\org.pkarr.host",
            &*format!("{own}\\native-host.firefox.json"),
            "HKCU\\Software\\Mozilla\\NativeMessagingHosts\\org.pkarr.host",
        ]
    );
    let manifest = content(&plan, &format!("{own}\\native-host.chromium.json"));
    assert_eq!(manifest.path, program);
    assert_eq!(
        makes(&plan, What::Autostart),
        ["HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run → pkarr"]
    );
}

#[test]
fn an_installed_program_of_windows_stays_whatever_case_its_path_is_written_in() {
    let program = "c:\\program files\\pkarr\\pkarr.exe";
    let computer = Computer::default()
        .folder("C:\\Users\\alice\\AppData\\Roaming\\Mozilla\\Firefox")
        .file(program, "program");
    let plan = made(
        System::Windows,
        &computer,
        &Ledger::default(),
        &wishes(program),
    )
    .unwrap();
    assert_eq!(plan.program, Path::new(program));
}
