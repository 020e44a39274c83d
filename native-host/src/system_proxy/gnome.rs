//! The proxy of GNOME and its kin: `org.gnome.system.proxy`, by `gsettings`.

use std::collections::HashMap;

use super::{PATIENCE, SystemProxy, rules::Names, servers::Written};
use crate::command;

const SCHEMA: &str = "org.gnome.system.proxy";

/// Asks for the settings; `None` where there are none, or no such program.
pub(super) fn read() -> Option<SystemProxy> {
    let list = command::run(PATIENCE, "gsettings", ["list-recursively", SCHEMA], b"")
        .inspect_err(|error| tracing::debug!(%error, "GNOME’s proxy is not known"))
        .ok()?;
    parse(&list)
}

/// A line is a schema, a key and a value in the text format of GVariant.
fn parse(list: &str) -> Option<SystemProxy> {
    let settings: HashMap<(&str, &str), &str> = list
        .lines()
        .filter_map(|line| {
            let (schema, rest) = line.split_once(' ')?;
            let (key, value) = rest.split_once(' ')?;
            Some(((schema.strip_prefix(SCHEMA)?, key), value.trim()))
        })
        .collect();
    let text = |schema, key| strings(settings.get(&(schema, key))?).into_iter().next();
    match text("", "mode")?.as_str() {
        "none" => Some(SystemProxy::None),
        "auto" => match text("", "autoconfig-url") {
            Some(url) if !url.is_empty() => SystemProxy::script(&url),
            _ => Some(SystemProxy::Auto),
        },
        "manual" => {
            let server = |schema| {
                let host = text(schema, "host").filter(|host| !host.is_empty())?;
                // Whoever writes the port behind the host has it there.
                match settings.get(&(schema, "port")) {
                    Some(&port) if port != "0" && host.contains("::") => {
                        Some(format!("[{host}]:{port}"))
                    }
                    Some(&port) if port != "0" => Some(format!("{host}:{port}")),
                    _ => Some(host),
                }
            };
            let (http, https, socks) = (server(".http"), server(".https"), server(".socks"));
            let written = Written {
                http: http.as_deref(),
                https: https.as_deref(),
                socks: socks.as_deref(),
            };
            let bypass = settings.get(&("", "ignore-hosts")).copied();
            let bypass = strings(bypass.unwrap_or_default());
            written.read(bypass.iter().map(String::as_str), Names::Exact)
        }
        _ => None,
    }
}

/// The strings in a value: in single quotes, in double ones where it has single ones in it.
fn strings(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut characters = value.chars();
    while let Some(quote) = characters.find(|c| matches!(c, '\'' | '"')) {
        let mut text = String::new();
        loop {
            match characters.next() {
                Some('\\') => text.extend(characters.next()),
                Some(c) if c != quote => text.push(c),
                Some(_) => break,
                None => return found,
            }
        }
        found.push(text);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `gsettings` says when nothing is set.
    const NOTHING: &str = "org.gnome.system.proxy autoconfig-url ''
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1']
org.gnome.system.proxy mode 'none'
org.gnome.system.proxy use-same-proxy true
org.gnome.system.proxy.ftp host ''
org.gnome.system.proxy.ftp port 0
org.gnome.system.proxy.http authentication-password ''
org.gnome.system.proxy.http authentication-user ''
org.gnome.system.proxy.http enabled false
org.gnome.system.proxy.http host ''
org.gnome.system.proxy.http port 8080
org.gnome.system.proxy.http use-authentication false
org.gnome.system.proxy.https host ''
org.gnome.system.proxy.https port 0
org.gnome.system.proxy.socks host ''
org.gnome.system.proxy.socks port 0
";

    fn with(changes: &[(&str, &str)]) -> Option<SystemProxy> {
        let mut list = NOTHING.to_owned();
        for (before, after) in changes {
            assert!(list.contains(before), "{before}");
            list = list.replace(before, after);
        }
        parse(&list)
    }

    #[test]
    fn no_proxy_is_an_answer_and_nothing_said_is_none() {
        assert_eq!(with(&[]), Some(SystemProxy::None));
        assert_eq!(parse(""), None);
        assert_eq!(with(&[("mode 'none'", "mode 'strange'")]), None);
        // By hand, but nothing is there.
        assert_eq!(with(&[("mode 'none'", "mode 'manual'")]), None);
    }

    #[test]
    fn servers_are_set_by_hand() {
        let found = with(&[
            ("mode 'none'", "mode 'manual'"),
            ("proxy.http host ''", "proxy.http host 'proxy.example'"),
            ("proxy.https host ''", "proxy.https host '2001:db8::1'"),
            ("proxy.https port 0", "proxy.https port 3129"),
            ("proxy.socks host ''", "proxy.socks host 'socks.example'"),
            ("'::1'", "'::1', '*.corp.example', \"it's\""),
        ]);
        let bypass = ["localhost", "127.0.0.0/8", "::1", ".corp.example"];
        let expected = SystemProxy::Servers {
            http: Some("proxy.example:8080".to_owned()),
            https: Some("[2001:db8::1]:3129".to_owned()),
            socks: Some("socks.example:1080".to_owned()),
            bypass: bypass.map(str::to_owned).into(),
        };
        assert_eq!(found, Some(expected));
        let ignore = "['localhost', '127.0.0.0/8', '::1']";
        let found = with(&[
            ("mode 'none'", "mode 'manual'"),
            ("proxy.socks host ''", "proxy.socks host 's'"),
            (ignore, "@as []"),
        ]);
        let expected = SystemProxy::Servers {
            http: None,
            https: None,
            socks: Some("s:1080".to_owned()),
            bypass: Vec::new(),
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn a_script_may_be_set_or_be_found() {
        let auto = ("mode 'none'", "mode 'auto'");
        assert_eq!(with(&[auto]), Some(SystemProxy::Auto));
        let url = "http://wpad.example/p.pac";
        let set = format!("autoconfig-url '{url}'");
        let script = SystemProxy::Script {
            url: url.to_owned(),
        };
        assert_eq!(with(&[auto, ("autoconfig-url ''", &set)]), Some(script));
    }

    #[test]
    fn quotes_are_taken_off() {
        let texts = strings(r#"['a', "it's", 'b\'c\\d', '']"#);
        assert_eq!(texts, ["a", "it's", "b'c\\d", ""]);
        assert_eq!(strings("'open"), Vec::<String>::new());
        assert_eq!(strings("'open\\"), Vec::<String>::new());
    }
}
