use super::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("serve.toml"), text)
}

fn wrong(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn no_file_is_as_good_as_an_empty_one_and_as_the_printed_one() {
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(parse(COMMENTED).unwrap(), Config::default());
}

#[test]
fn every_setting_is_printed() {
    let written = toml::Value::try_from(Config::default()).unwrap();
    for (section, settings) in written.as_table().unwrap() {
        assert!(COMMENTED.contains(&format!("[{section}]")), "{section}");
        for name in settings.as_table().unwrap().keys() {
            assert!(
                COMMENTED.contains(&format!("{name} = ")),
                "{section}.{name}"
            );
        }
    }
    // What has no default is there as a comment.
    for name in [
        "certificate",
        "key",
        "suffix",
        "cookie-secret-file",
        "bootstrap",
        "relays",
        "data-dir",
        "dht-server",
    ] {
        assert!(COMMENTED.contains(&format!("#{name} = ")), "{name}");
    }
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (text, expected) in [
        (
            "[http]\nlisten = [\"8080\"]",
            &["line 2", "ADDRESS:PORT"][..],
        ),
        ("\n[relay]\nkeep-days = -1", &["line 3", "0 to 3650"]),
        (
            "[limits]\nexempt = [\"10.0.0.0/99\"]",
            &["line 2", "network"],
        ),
        ("[relays]", &["line 1", "relays"]),
        ("[relay]\nenable = true", &["line 2", "enable"]),
        ("[http]\nlisten = 5", &["line 2"]),
        (
            "# TLS\n[tls]\nlisten = [\":443\"]",
            &["line 3", "tls.listen", "tls.certificate"],
        ),
        (
            "[tls]\ncertificate = \"a.pem\"",
            &["line 2", "tls.certificate", "tls.key"],
        ),
        (
            "[tls]\ncertificate = \"a.pem\"\nkey = \"b.pem\"",
            &["line 2", "tls.listen"],
        ),
        (
            "[cache]\nstale = false\nminimum-ttl-seconds = 90000",
            &["line 3", "maximum"],
        ),
        ("[network]\nbootstrap = [\"x\"]", &["line 2", "HOST:PORT"]),
    ] {
        let said = wrong(text);
        for word in expected {
            assert!(said.contains(word), "{text}: {said}");
        }
    }
}

#[test]
fn what_holds_until_the_next_start_is_told() {
    let config = parse("").unwrap();
    let changed = parse("[limits]\nputs-burst = 5\n[http]\ntrusted-proxies = [\"::1\"]").unwrap();
    assert!(config.fixed_differences(&changed).is_empty());
    let changed = parse("[http]\nlisten = [\":80\"]\n[cache]\npackets = 5").unwrap();
    assert_eq!(config.fixed_differences(&changed), ["http.listen", "cache"]);
}
