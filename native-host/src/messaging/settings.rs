//! What the extension asks of the program's own settings, memory and health.

use super::protocol::{
    CacheAction, CacheParams, CacheResult, DoctorResult, HostSettings, ProblemData, RpcError,
    SettingName, SettingsChange, SettingsParams,
};
use crate::{
    checkup::{self, Redaction, Report, Subject},
    problem::{Code, Problem},
    resolver::Resolver,
    settings::{Change, Configuration, Mistake, Name, Settings, SettingsError},
};

/// Tells the settings, after changing some. Waits for files.
pub(super) fn settings(
    configuration: &Configuration,
    params: SettingsParams,
) -> Result<HostSettings, RpcError> {
    let changes = changes(params);
    let fixed = configuration.fixed();
    for change in &changes {
        let (Change::Set(name, _) | Change::Unset(name)) = change;
        if fixed.contains(name) {
            return Err(fixed_error(*name));
        }
    }
    let settings = if changes.is_empty() {
        configuration.settings()?
    } else {
        configuration.change(&changes)?
    };
    let chosen = configuration.chosen()?;
    Ok(told(settings, &chosen, &fixed))
}

fn changes(params: SettingsParams) -> Vec<Change> {
    let SettingsChange {
        relays,
        bootstrap,
        allow_private_for,
        stale,
        cache_size,
    } = params.change.unwrap_or_default();
    let reset = params.reset.unwrap_or_default().into_iter().map(Name::from);
    // A new value wins over going back to none.
    let mut changes: Vec<_> = reset.map(Change::Unset).collect();
    changes.extend(
        [
            (Name::Relays, relays),
            (Name::Bootstrap, bootstrap),
            (Name::AllowPrivateFor, allow_private_for),
            (Name::Stale, stale.map(|stale| vec![stale.to_string()])),
            (
                Name::CacheSize,
                cache_size.map(|size| vec![size.to_string()]),
            ),
        ]
        .into_iter()
        .filter_map(|(name, values)| Some(Change::Set(name, values?))),
    );
    changes
}

fn told(settings: Settings, chosen: &[Name], fixed: &[Name]) -> HostSettings {
    let known = |names: &[Name]| names.iter().copied().filter_map(setting_name).collect();
    HostSettings {
        relays: settings.relays.iter().map(ToString::to_string).collect(),
        bootstrap: settings.bootstrap,
        allow_private_for: settings.allow_private_for,
        allow_private: settings.allow_private,
        stale: settings.stale,
        cache_size: settings.cache_size,
        chosen: known(chosen),
        fixed: known(fixed),
        file: settings.config.map(|file| file.display().to_string()),
    }
}

impl From<SettingName> for Name {
    fn from(name: SettingName) -> Self {
        match name {
            SettingName::Relays => Name::Relays,
            SettingName::Bootstrap => Name::Bootstrap,
            SettingName::AllowPrivateFor => Name::AllowPrivateFor,
            SettingName::Stale => Name::Stale,
            SettingName::CacheSize => Name::CacheSize,
        }
    }
}

/// The name in messages, which has not all of them.
fn setting_name(name: Name) -> Option<SettingName> {
    match name {
        Name::Relays => Some(SettingName::Relays),
        Name::Bootstrap => Some(SettingName::Bootstrap),
        Name::AllowPrivateFor => Some(SettingName::AllowPrivateFor),
        Name::Stale => Some(SettingName::Stale),
        Name::CacheSize => Some(SettingName::CacheSize),
        _ => None,
    }
}

fn fixed_error(name: Name) -> RpcError {
    SettingsError::Value {
        name,
        mistake: Mistake::Fixed,
    }
    .into()
}

impl From<SettingsError> for RpcError {
    fn from(error: SettingsError) -> Self {
        let todo = error.todo().to_owned();
        let mut told = RpcError::from(Problem::from(error));
        // What a problem's code says is meant for requests of the gateway.
        told.data = told.data.map(|data| ProblemData { todo, ..data });
        told
    }
}

/// Looks at what is remembered of keys, after forgetting it if that is asked for.
pub(super) async fn cache(
    resolver: &Resolver,
    params: CacheParams,
) -> Result<CacheResult, Problem> {
    match params.action {
        CacheAction::Status => {}
        CacheAction::Clear => {
            resolver.forget().await?;
            let forgotten = resolver.dht().forget_keys().await;
            forgotten.map_err(|error| Problem::new(Code::Internal, error))?;
        }
    }
    let cache = resolver.cache().clone();
    let stats = tokio::task::spawn_blocking(move || cache.stats())
        .await
        .map_err(|error| Problem::new(Code::Internal, error))?;
    Ok(CacheResult {
        keys: stats.keys,
        bytes: stats.bytes,
    })
}

/// The check-up.
pub(super) async fn doctor(subject: &Subject) -> DoctorResult {
    let report = Report::new(checkup::run(subject).await);
    DoctorResult {
        report: report.redacted(&Redaction::of_user()).to_string(),
        findings: report.findings,
    }
}
