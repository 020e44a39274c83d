//! `pkarr doctor`: finds out what is wrong, and says what to do about it.

use std::{
    io::{self, IsTerminal},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde::Serialize;

use super::{
    output::{FAINT, Output, STRONG},
    repair::{self, Fixed},
};
use crate::{
    checkup::{self, Finding, GatewayState, Redaction, Report, State, Subject},
    gateway::{Gateway, GatewayConfig},
    problem::{Code, Problem},
    settings::{Configuration, Settings},
};

#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct Arguments {
    /// One line of JSON: {"version", "system", "findings": [{"check", "finding", "state", "what",
    /// "todo", "facts"}], "fixed": [{"what", "place", "failure"}]}; a state is good, note, warning or
    /// bad
    #[arg(long)]
    pub(super) json: bool,
    /// Leave out the home folder, the user’s name and keys, to show it to others
    #[arg(long)]
    redacted: bool,
    /// Ask the system’s DNS for a made-up key, too, which its servers see
    #[arg(long)]
    dns: bool,
    /// Mend what can be mended safely, and look again: browsers that are told of pkarr wrongly or not
    /// at all, secrets that others may read
    #[arg(long)]
    fix: bool,
}

const HELP: &str = "\
It asks the DHT and the relays for a key that was made up just then, which tells nobody anything.
What each browser was told to start is started the way the browser does it.

The exit code is 1 when something does not work.

Examples:
  pkarr doctor
  pkarr doctor --fix
  pkarr doctor --redacted > report.txt";

pub(super) async fn run(
    arguments: Arguments,
    configuration: &Configuration,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Problem> {
    let services = settings.services()?;
    // One of its own, to see whether there can be one.
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let started = Gateway::start(services.resolver.clone(), GatewayConfig::new(listen)).await;
    let (gateway, _running) = match started {
        Ok(gateway) => (GatewayState::Running(gateway.address()), Some(gateway)),
        Err(error) => (GatewayState::Failed(error), None),
    };
    let subject = Subject {
        configuration: configuration.clone(),
        settings: settings.clone(),
        resolver: services.resolver,
        https: settings.https(),
        gateway,
        dns: arguments.dns,
    };
    let (findings, fixed) = {
        let _progress = output.progress("looking at everything");
        let findings = checkup::run(&subject).await;
        match arguments.fix {
            true => {
                let fixed = fix(findings.clone(), settings.clone()).await?;
                match fixed.is_empty() {
                    true => (findings, fixed),
                    false => (checkup::run(&subject).await, fixed),
                }
            }
            false => (findings, Vec::new()),
        }
    };
    let report = Report::new(findings);
    let code = match report.is_bad() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    };
    let (report, fixed) = match arguments.redacted {
        true => {
            let redaction = Redaction::of_user();
            let fixed = fixed.into_iter().map(|fixed| fixed.redacted(&redaction));
            (report.redacted(&redaction), fixed.collect())
        }
        false => (report, fixed),
    };
    if output.is_json() {
        output.json(&Told { report, fixed });
        return Ok(code);
    }
    for Fixed {
        what,
        place,
        failure,
    } in &fixed
    {
        match failure {
            None => output.line(format_args!("mended: {what} {place}")),
            Some(why) => output.line(format_args!("not mended: {what} {place}: {why}")),
        }
    }
    if io::stdout().is_terminal() {
        show(&report, *output);
    } else {
        output.line(report.to_string().trim_end());
    }
    Ok(code)
}

/// The report, and what was done before.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    report: Report,
    fixed: Vec<Fixed>,
}

/// Mends what the findings tell of and can be mended without asking anybody.
async fn fix(findings: Vec<Finding>, settings: Settings) -> Result<Vec<Fixed>, Problem> {
    tokio::task::spawn_blocking(move || repair::repair(&findings, &settings))
        .await
        .map_err(|error| Problem::new(Code::Internal, error))
}

/// For the eye.
fn show(report: &Report, output: Output) {
    let Report {
        version, system, ..
    } = report;
    output.line(format_args!(
        "{STRONG}pkarr {version}{STRONG:#} on {system}"
    ));
    for finding in &report.findings {
        let Finding {
            check,
            finding,
            state,
            what,
            todo,
            ..
        } = finding;
        let (mark, style) = mark(*state);
        output.line(format_args!(
            "{style}{mark}{style:#} {STRONG}{check:<11}{STRONG:#} {what} {FAINT}[{finding}]{FAINT:#}"
        ));
        if !todo.is_empty() {
            output.line(format_args!("              {todo}"));
        }
    }
}

fn mark(state: State) -> (char, Style) {
    let (mark, colour) = match state {
        State::Good => ('✓', AnsiColor::Green),
        State::Note => ('·', AnsiColor::Cyan),
        State::Warning => ('!', AnsiColor::Yellow),
        State::Bad => ('✗', AnsiColor::Red),
    };
    (mark, colour.on_default().bold())
}
