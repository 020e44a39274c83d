use std::{fs, thread};

use super::*;

struct World {
    folder: tempfile::TempDir,
    given: Given,
}

impl World {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let given = Given {
            data_dir: Some("/data".into()),
            config: Some(folder.path().join("config.toml")),
            ..Given::default()
        };
        let world = Self { folder, given };
        fs::write(world.file(), text).unwrap();
        world
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn configuration(&self) -> Configuration {
        Configuration::new(self.given.clone())
    }

    fn settings(&self) -> Result<Settings, SettingsError> {
        self.configuration().settings()
    }
}

fn set(name: Name, values: &[&str]) -> Change {
    Change::Set(name, values.iter().map(ToString::to_string).collect())
}

const KEY: &str = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

#[test]
fn what_is_given_wins_over_the_file() {
    let text =
        "bootstrap = [\"a:1\"]\nallow-private = true\nstale = false\ndata-dir = \"/elsewhere\"";
    let mut world = World::new(text);
    let settings = world.settings().unwrap();
    assert_eq!(settings.bootstrap, ["a:1"]);
    assert!(settings.allow_private && !settings.stale);
    assert_eq!(settings.data_dir, Path::new("/data"));
    world.given.bootstrap = vec!["b:2".to_owned()];
    world.given.stale = Some(true);
    let settings = world.settings().unwrap();
    assert_eq!(settings.bootstrap, ["b:2"]);
    assert!(settings.stale);
    let configuration = world.configuration();
    let fixed = [Name::Bootstrap, Name::Stale, Name::DataDir];
    assert_eq!(configuration.fixed(), fixed);
    let chosen = [
        Name::Bootstrap,
        Name::Stale,
        Name::AllowPrivate,
        Name::DataDir,
    ];
    assert_eq!(configuration.chosen().unwrap(), chosen);
}

#[test]
fn mistakes_are_told_with_their_place() {
    let error = World::new("\nbootstrab = []").settings().unwrap_err();
    let error = error.to_string();
    assert!(error.contains("line 2") && error.contains("bootstrab"));
    for node in ["nonsense", "host:", "host:0", "host:70000", ":1", "a b:1"] {
        let mut world = World::new("");
        world.given.bootstrap = vec![node.to_owned()];
        assert!(world.settings().unwrap_err().to_string().contains(node));
        let in_file = World::new(&format!("bootstrap = [{node:?}]"));
        assert!(in_file.settings().unwrap_err().to_string().contains(node));
    }
    let mut absent = World::new("");
    absent.given.config = Some("/nonexistent/config.toml".into());
    let error = absent.settings().unwrap_err();
    assert!(matches!(error, SettingsError::Read { .. }), "{error}");
}

#[test]
fn relays_are_the_public_ones_unless_something_else_is_said() {
    let relay = || vec![Url::parse("https://relay.example").unwrap()];
    let relays = |text| World::new(text).settings().unwrap().relays;
    assert_eq!(relays("").len(), DEFAULT_RELAYS.len());
    assert_eq!(relays("relays = []"), []);
    assert_eq!(relays("bootstrap = [\"a:1\"]"), []);
    let given = |text| {
        let mut world = World::new(text);
        world.given.relays = relay();
        world.settings().unwrap().relays
    };
    assert_eq!(given("relays = []"), relay());
    assert_eq!(given("no-relays = true"), []);
}

#[test]
fn what_can_be_understood_of_a_wrong_file_holds() {
    let world = World::new("cache-size = 7\nbootstrap = 3\nunknown = 1\nstale = false\n");
    let (settings, error) = world.configuration().settings_or_default().unwrap();
    assert!(matches!(error, Some(SettingsError::Syntax { .. })));
    assert_eq!((settings.cache_size, settings.stale), (7, false));
    assert_eq!(settings.bootstrap, DhtConfig::default().bootstrap);
    assert_eq!(settings.relays.len(), DEFAULT_RELAYS.len());
    // Who meant something else than the public relays does not get them.
    for text in [
        "relays = [\"ftp://a.example\"]",
        "no-relays = 1",
        "relays = [",
    ] {
        let world = World::new(text);
        let (settings, error) = world.configuration().settings_or_default().unwrap();
        assert!(error.is_some());
        assert_eq!(settings.relays, [], "{text}");
    }
    let (_, none) = World::new("")
        .configuration()
        .settings_or_default()
        .unwrap();
    assert!(none.is_none());
}

#[test]
fn changes_are_written_all_or_none() {
    let world = World::new("# mine\ncache-size = 7\n");
    let configuration = world.configuration();
    let changes = [
        set(Name::Relays, &["https://relay.example"]),
        set(
            Name::AllowPrivateFor,
            &[&format!("pk:{}", KEY.to_uppercase())],
        ),
        Change::Unset(Name::CacheSize),
    ];
    let settings = configuration.change(&changes).unwrap();
    assert_eq!(settings.relays[0].as_str(), "https://relay.example/");
    assert_eq!(settings.allow_private_for, [KEY]);
    assert_eq!(settings.cache_size, Limits::default().keys);
    let text = world.text();
    let expected =
        format!("# mine\nrelays = [\"https://relay.example\"]\nallow-private-for = [\"{KEY}\"]\n");
    assert_eq!(text, expected);
    for wrong in [
        set(Name::Relays, &["ftp://relay.example"]),
        set(Name::Relays, &["https://u:p@relay.example"]),
        set(Name::Relays, &vec!["https://relay.example"; 17]),
        set(Name::Bootstrap, &[]),
        set(Name::Bootstrap, &["nonsense"]),
        set(Name::AllowPrivateFor, &["example.com"]),
        set(Name::CacheSize, &["0"]),
        set(Name::CacheSize, &["18446744073709551615"]),
        set(Name::Stale, &["perhaps"]),
        set(Name::Stale, &["true", "false"]),
        set(Name::DataDir, &["here"]),
        set(Name::ExternalIpv4, &["::1"]),
    ] {
        let good = set(Name::RelayDelay, &["1"]);
        let error = configuration.change(&[good, wrong.clone()]).unwrap_err();
        assert!(matches!(error, SettingsError::Value { .. }), "{wrong:?}");
        assert_eq!(world.text(), text);
    }
}

#[test]
fn a_wrong_value_can_be_mended_but_not_what_is_no_toml() {
    let world = World::new("# why?\nrelays = 5\n");
    assert!(world.settings().is_err());
    let change = [set(Name::Relays, &[])];
    assert_eq!(world.configuration().change(&change).unwrap().relays, []);
    assert_eq!(world.text(), "# why?\nrelays = []\n");
    let world = World::new("relays = [");
    let error = world.configuration().change(&change).unwrap_err();
    assert!(matches!(error, SettingsError::Syntax { .. }), "{error}");
    assert_eq!(world.text(), "relays = [");
}

#[test]
fn programs_that_change_at_the_same_time_lose_nothing() {
    let world = World::new("# mine\n");
    let changes = [
        set(Name::Bootstrap, &["a:1"]),
        set(Name::Relays, &["https://a.example"]),
        set(Name::RelayDelay, &["1"]),
        set(Name::CacheSize, &["2"]),
        set(Name::Stale, &["false"]),
        set(Name::AllowPrivate, &["true"]),
        set(Name::AllowPrivateFor, &[KEY]),
        set(Name::ExternalIpv4, &["192.0.2.1"]),
    ];
    thread::scope(|scope| {
        for change in &changes {
            let configuration = world.configuration();
            scope.spawn(move || configuration.change(std::slice::from_ref(change)).unwrap());
        }
    });
    let chosen = world.configuration().chosen().unwrap();
    assert_eq!(chosen.len(), changes.len(), "{}", world.text());
    assert!(world.text().starts_with("# mine\n"));
}

#[cfg(unix)]
#[test]
fn the_file_keeps_its_mode_and_its_place() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config/pkarr/config.toml");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let configuration = Configuration {
        given: Given {
            data_dir: Some("/data".into()),
            ..Given::default()
        },
        default_file: Some(path.clone()),
        default_data: None,
    };
    configuration
        .change(&[set(Name::Stale, &["false"])])
        .unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    // Somebody keeps it elsewhere and lets others read it.
    let elsewhere = folder.path().join("dotfiles.toml");
    fs::rename(&path, &elsewhere).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o644)).unwrap();
    symlink("../../dotfiles.toml", &path).unwrap();
    configuration
        .change(&[set(Name::Stale, &["true"])])
        .unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(mode(&elsewhere), 0o644);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "stale = true\n");
    // Nothing else is left behind.
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
