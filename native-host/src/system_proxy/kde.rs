//! The proxy of KDE: the group `Proxy Settings` of its file `kioslaverc`.

use std::{collections::HashMap, fs::File, io::Read, path::PathBuf};

use super::{
    SystemProxy,
    environment::{Environment, list},
    rules::Names,
    servers::Written,
};

/// The most bytes of the file that are read.
const MAX_FILE: u64 = 256 * 1024;

/// Reads the file; `None` where there is none, or nothing in it.
pub(super) fn read(environment: Environment<'_>) -> Option<SystemProxy> {
    let folder = match environment("KDEHOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join("share/config"),
        None => PathBuf::from(environment("HOME")?).join(".config"),
    };
    let mut bytes = Vec::new();
    File::open(folder.join("kioslaverc"))
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes))
        .ok()?;
    parse(&String::from_utf8_lossy(&bytes), environment)
}

fn parse(text: &str, environment: Environment<'_>) -> Option<SystemProxy> {
    let settings: HashMap<&str, &str> = text
        .lines()
        .skip_while(|line| line.trim_end() != "[Proxy Settings]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            // `key[$e]` is a key with a mark.
            let key = key.split_once('[').map_or(key, |(key, _)| key);
            Some((key.trim(), value.trim()))
        })
        .collect();
    let setting = |key| settings.get(key).copied().unwrap_or_default();
    let given = |value: &str| value.to_owned();
    let named = |name: &str| environment(name).unwrap_or_default();
    match settings.get("ProxyType")?.parse() {
        Ok(1) => by_hand(&setting, &given),
        Ok(2) => match setting("Proxy Config Script") {
            "" => Some(SystemProxy::Auto),
            script => SystemProxy::script(script),
        },
        Ok(3) => Some(SystemProxy::Auto),
        // The values are the names of environment variables.
        Ok(4) => by_hand(&setting, &named),
        _ => Some(SystemProxy::None),
    }
}

fn by_hand<'a>(
    setting: &impl Fn(&'static str) -> &'a str,
    value: &impl Fn(&str) -> String,
) -> Option<SystemProxy> {
    // A list of what alone goes to the proxy has no form here.
    if !matches!(setting("ReversedException"), "" | "0" | "false") {
        return None;
    }
    // The port stands behind a space or a colon.
    let server = |key| value(setting(key)).trim().replacen(' ', ":", 1);
    let is_there = |server: &str| !server.is_empty() && !server.starts_with("//:");
    let servers = ["httpProxy", "httpsProxy", "socksProxy"].map(server);
    let [http, https, socks] = servers
        .each_ref()
        .map(|server| Some(server.as_str()).filter(|server| is_there(server)));
    let bypass = value(setting("NoProxyFor"));
    let written = Written { http, https, socks };
    written.read(list(&bypass), Names::AndBelow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    const BY_HAND: &str = "[$Version]\nupdate_info=kioslave.upd:kde2.2/r1\n\n\
        [Proxy Settings]\nAuthMode=0\nNoProxyFor=localhost,corp.example 10.0.0.0/8\n\
        Proxy Config Script=\nProxyType=1\nReversedException=false\nftpProxy=\n\
        httpProxy=http://proxy.example 3128\nhttpsProxy[$e]=http://proxy.example:3129\n\
        socksProxy=//:\n\n[Other]\nhttpProxy=http://wrong.example 1\nProxyType=0\n";

    #[test]
    fn servers_are_set_by_hand() {
        let bypass = [
            "localhost",
            ".localhost",
            "corp.example",
            ".corp.example",
            "10.0.0.0/8",
        ];
        let expected = SystemProxy::Servers {
            http: Some("proxy.example:3128".to_owned()),
            https: Some("proxy.example:3129".to_owned()),
            socks: None,
            bypass: bypass.map(str::to_owned).into(),
        };
        assert_eq!(parse(BY_HAND, &nothing), Some(expected));
        let reversed = BY_HAND.replace("ReversedException=false", "ReversedException=true");
        assert_eq!(parse(&reversed, &nothing), None);
    }

    #[test]
    fn each_kind_of_setting_is_known() {
        let of = |kind: &str| {
            let text = BY_HAND.replace("ProxyType=1", &format!("ProxyType={kind}"));
            parse(&text, &nothing)
        };
        assert_eq!(of("0"), Some(SystemProxy::None));
        assert_eq!(of("2"), Some(SystemProxy::Auto));
        assert_eq!(of("3"), Some(SystemProxy::Auto));
        assert_eq!(of("nonsense"), Some(SystemProxy::None));
        assert_eq!(parse("[Other]\nProxyType=1\n", &nothing), None);
        #[cfg(unix)]
        assert_eq!(
            parse(
                "[Proxy Settings]\r\nProxyType=2\r\nProxy Config Script=/etc/p.pac\r\n",
                &nothing
            ),
            Some(SystemProxy::Script {
                url: "file:///etc/p.pac".to_owned()
            })
        );
    }

    #[test]
    fn the_values_may_be_names_of_variables() {
        let text = "[Proxy Settings]\nProxyType=4\nhttpProxy=MY_PROXY\nhttpsProxy=MISSING\n\
            NoProxyFor=MY_LIST\n";
        let found = parse(text, &|name| match name {
            "MY_PROXY" => Some("http://a:1/".to_owned()),
            "MY_LIST" => Some("10.0.0.1".to_owned()),
            _ => None,
        });
        let expected = SystemProxy::Servers {
            http: Some("a:1".to_owned()),
            https: None,
            socks: None,
            bypass: vec!["10.0.0.1".to_owned()],
        };
        assert_eq!(found, Some(expected));
    }
}
