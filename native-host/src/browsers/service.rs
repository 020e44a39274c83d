//! Programs that start with the session of a user: `pkarr daemon`, which keeps keys published, and
//! `pkarr gateway`, for browsers that can start no program themselves.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    machine::{Kind, Scope},
    planner::Planner,
    registry::{Hive, Value},
    step::{Place, Refusal, Verdict, What},
    table::{Reach, System, Target},
};
use crate::command;

/// Where the gateway listens when it is a service: `pkarr gateway`’s own default.
pub const GATEWAY_ADDRESS: &str = "127.0.0.1:8118";

/// The unit that is in the packages, too.
const DAEMON_UNIT: &str = include_str!("../../../installer/pkarr.service");
const GATEWAY_UNIT: &str = include_str!("../../../installer/pkarr-gateway.service");
/// The program as both units name it.
const UNIT_PROGRAM: &str = "%h/.local/bin/pkarr";
/// There only where systemd runs.
const SYSTEMD: &str = "/run/systemd/system";
/// How long systemd may take to start or stop a unit.
const PATIENCE: Duration = Duration::from_secs(15);

/// A part of the program that can start with the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Service {
    what: What,
    /// Of the unit, of the launch agent, of the value in the registry.
    name: &'static str,
    subcommand: &'static str,
    unit: &'static str,
}

pub(super) const DAEMON: Service = Service {
    what: What::Autostart,
    name: "pkarr",
    subcommand: "daemon",
    unit: DAEMON_UNIT,
};

pub(super) const GATEWAY: Service = Service {
    what: What::Gateway,
    name: "pkarr-gateway",
    subcommand: "gateway",
    unit: GATEWAY_UNIT,
};

/// Plans for a service to start with the session.
pub(super) fn plan(planner: &mut Planner<'_>, service: Service, program: &Path) {
    let Service { what, name, .. } = service;
    if planner.wishes.scope == Scope::System {
        planner.add(None, what, None, Verdict::Refused(Refusal::NotForAll));
        return;
    }
    let folders = planner.ground.folders;
    match folders.system {
        System::Linux => {
            if planner.ground.look.kind(Path::new(SYSTEMD)) == Kind::Absent {
                let refusal = Refusal::NoSystemd(service.subcommand);
                planner.add(None, what, None, Verdict::Refused(refusal));
                return;
            }
            let folder = folders.path("~/.config/systemd/user");
            let file = format!("{name}.service");
            let unit = folder.join(&file);
            let text = unit_text(service.unit, program);
            let verdict = planner.file(&unit, text.as_bytes(), None, program);
            let refused = matches!(verdict, Verdict::Refused(_));
            planner.add(None, what, Some(Place::Path(unit)), verdict);
            // What others made is theirs to enable.
            if refused {
                return;
            }
            let link = folder.join("default.target.wants").join(&file);
            let to = PathBuf::from("..").join(&file);
            let verdict = planner.link(&link, &to);
            planner.add(None, what, Some(Place::Path(link)), verdict);
        }
        System::Macos => {
            let label = format!("org.pkarr.{name}");
            let file = folders.path(&format!("~/Library/LaunchAgents/{label}.plist"));
            let text = launch_agent(&label, program, service.subcommand);
            let verdict = planner.file(&file, text.as_bytes(), None, program);
            planner.add(None, what, Some(Place::Path(file)), verdict);
        }
        System::Windows => {
            let value = Value {
                hive: Hive::User,
                key: "Software\\Microsoft\\Windows\\CurrentVersion\\Run".to_owned(),
                name: name.to_owned(),
            };
            let text = format!("\"{}\" {}", program.display(), service.subcommand);
            let verdict = match planner.value(&value, &text) {
                Verdict::Refused(_) => Verdict::Refused(Refusal::Occupied),
                verdict => verdict,
            };
            planner.add(None, what, Some(Place::Value(value)), verdict);
        }
    }
}

/// What is to become of a unit at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is new or another one.
    Start,
    /// It is gone.
    Stop,
}

/// Has the session’s systemd start or stop the units among these files, as they are or were. Tells
/// which of them it could not; those wait for the next session.
pub fn turn<'a>(files: impl IntoIterator<Item = &'a Path>, turn: Turn) -> Vec<String> {
    let units = files.into_iter().filter_map(|file| {
        let folder = file.parent()?;
        let name = file.file_name()?.to_str()?;
        let is_unit = folder.ends_with("systemd/user") && name.ends_with(".service");
        is_unit.then(|| name.to_owned())
    });
    let units: Vec<_> = units.collect();
    if units.is_empty() {
        return units;
    }
    let session = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if !session.is_some_and(|session| session.join("systemd").is_dir()) {
        return units;
    }
    let ask = |arguments: &[&str]| {
        let arguments = ["--user"].iter().chain(arguments);
        command::run(PATIENCE, "systemctl", arguments, b"").is_ok()
    };
    let verb = match turn {
        Turn::Start => "restart",
        Turn::Stop => "stop",
    };
    // Stopped by what is known of them; started by what is there now.
    let before = turn == Turn::Start && ask(&["daemon-reload"]);
    let failed = units.into_iter().filter(|unit| !ask(&[verb, unit]));
    let failed = failed.collect();
    if !before {
        _ = ask(&["daemon-reload"]);
    }
    failed
}

/// A unit of systemd for this program.
fn unit_text(template: &str, program: &Path) -> String {
    let program = program.to_string_lossy();
    // systemd.service(5), "Command lines": both stand for more inside quotes.
    let escaped = program.replace('\\', "\\\\").replace('"', "\\\"");
    let escaped = escaped.replace('%', "%%").replace('$', "$$");
    // What tells how to copy it by hand is for those who do.
    let lines = template
        .lines()
        .skip_while(|line| line.starts_with('#') || line.is_empty());
    let mut text = String::from("# Made by `pkarr install`; `pkarr uninstall` takes it away.\n\n");
    for line in lines {
        text.push_str(&line.replace(UNIT_PROGRAM, &format!("\"{escaped}\"")));
        text.push('\n');
    }
    text
}

/// A launch agent of macOS: launchd.plist(5).
fn launch_agent(label: &str, program: &Path, subcommand: &str) -> String {
    let xml = |text: &str| {
        let text = text.replace('&', "&amp;");
        text.replace('<', "&lt;").replace('>', "&gt;")
    };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{}</string>
    <string>{}</string>
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ProcessType</key>
  <string>Background</string>
</dict>
</plist>
"#,
        xml(label),
        xml(&program.to_string_lossy()),
        xml(subcommand)
    )
}

/// How a browser that starts no programs is led to the gateway.
pub(super) fn point_to_gateway(targets: &[Target]) -> String {
    let snaps: Vec<_> = targets
        .iter()
        .filter_map(|target| match &target.reach {
            Reach::Nothing(snap) => Some(format!(
                "snap run {snap} --proxy-pac-url=http://{GATEWAY_ADDRESS}/proxy.pac"
            )),
            _ => None,
        })
        .collect();
    let address = format!(
        "in the desktop’s network settings choose an automatic proxy with the address \
         http://{GATEWAY_ADDRESS}/proxy.pac; key hosts then go to the gateway and all others where \
         they went without a proxy"
    );
    match snaps.is_empty() {
        true => address,
        false => format!("start it with: {}; or {address}", snaps.join(", or: ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_name_the_program_whatever_it_is_called() {
        for service in [DAEMON, GATEWAY] {
            assert!(service.unit.contains(UNIT_PROGRAM));
            let text = unit_text(service.unit, Path::new("/home/a b/100% \"p\"/pkarr"));
            let command = format!(
                "ExecStart=\"/home/a b/100%% \\\"p\\\"/pkarr\" {}",
                service.subcommand
            );
            assert!(text.contains(&command), "{text}");
            assert!(text.contains("[Unit]") && text.contains("WantedBy=default.target"));
            assert!(!text.contains("cp "), "{text}");
        }
    }

    #[test]
    fn launch_agents_are_xml() {
        let text = launch_agent(
            "org.pkarr.pkarr",
            Path::new("/Users/a&b/<x>/pkarr"),
            "daemon",
        );
        assert!(
            text.contains("<string>/Users/a&amp;b/&lt;x&gt;/pkarr</string>"),
            "{text}"
        );
    }
}
