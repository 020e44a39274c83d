//! The proxy of Windows: the user's “Internet Settings” in the registry, by `reg.exe`.

use std::collections::HashMap;

use super::{PATIENCE, SystemProxy, rules::Names, servers::Written};
use crate::command;

const PROGRAM: &str = "reg.exe";
const KEY: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings";
const CONNECTIONS: &str =
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections";
/// A structure of which one byte says what is switched on.
const CONNECTION: &str = "DefaultConnectionSettings";
/// Where that byte stands, in hexadecimal digits, and the bit for WPAD.
const FLAGS: std::ops::Range<usize> = 16..18;
const AUTO_DETECT: u8 = 0x08;

pub(super) fn read() -> Option<SystemProxy> {
    let ask = |arguments: &[&str]| {
        command::run(PATIENCE, PROGRAM, arguments, b"")
            .inspect_err(|error| tracing::debug!(%error, "the system’s proxy is not known"))
            .unwrap_or_default()
    };
    parse(
        &ask(&["query", KEY]),
        &ask(&["query", CONNECTIONS, "/v", CONNECTION]),
    )
}

fn parse(settings: &str, connections: &str) -> Option<SystemProxy> {
    let settings = values(settings);
    let setting = |name| settings.get(name).copied().unwrap_or_default();
    if let Some(script) = SystemProxy::script(setting("AutoConfigURL")) {
        return Some(script);
    }
    let is_on = setting("ProxyEnable") == "0x1";
    let servers = Some(setting("ProxyServer")).filter(|_| is_on);
    let bypass = setting("ProxyOverride").split([';', ' ']);
    servers
        .and_then(|servers| written(servers).read(bypass, Names::Exact))
        .or_else(|| detects(connections).then_some(SystemProxy::Auto))
}

/// One server for everything, or one for each scheme: `http=a:80;https=b:80;socks=c:1080`.
fn written(servers: &str) -> Written<'_> {
    if !servers.contains('=') {
        return Written::one(servers);
    }
    let mut written = Written::default();
    for part in servers.split([';', ' ']) {
        match part.trim().split_once('=') {
            Some(("http", server)) => written.http = Some(server),
            Some(("https", server)) => written.https = Some(server),
            Some(("socks", server)) => written.socks = Some(server),
            _ => {}
        }
    }
    written
}

fn detects(connections: &str) -> bool {
    let values = values(connections);
    let flags = values.get(CONNECTION).and_then(|bytes| bytes.get(FLAGS));
    flags
        .and_then(|byte| u8::from_str_radix(byte, 16).ok())
        .is_some_and(|flags| flags & AUTO_DETECT != 0)
}

/// Name, type and value of each line, between four spaces.
fn values(said: &str) -> HashMap<&str, &str> {
    said.lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("    ")?.split_once("    REG_")?;
            let (_, value) = rest.split_once("    ").unwrap_or((rest, ""));
            Some((name, value.trim()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = "\r\n\
        HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\r\n\
        \x20   User Agent    REG_SZ    Mozilla/4.0 (compatible; MSIE 8.0; Win32)\r\n\
        \x20   ProxyEnable    REG_DWORD    0x1\r\n\
        \x20   ProxyServer    REG_SZ    proxy.example:8080\r\n\
        \x20   ProxyOverride    REG_SZ    *.corp.example;192.168.*;<local>\r\n\
        \x20   EmptyOne    REG_SZ\r\n\r\n\
        HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\5.0\r\n";

    fn connections(flags: &str) -> String {
        format!(
            "\r\nHKEY_CURRENT_USER\\…\\Connections\r\n\
             \x20   DefaultConnectionSettings    REG_BINARY    4600000003000000{flags}0000000000\r\n\r\n"
        )
    }

    #[test]
    fn one_server_is_for_everything() {
        let bypass = [".corp.example", "192.168.0.0/16", "<local>"];
        let server = Some("proxy.example:8080".to_owned());
        let expected = SystemProxy::Servers {
            http: server.clone(),
            https: server,
            socks: None,
            bypass: bypass.map(str::to_owned).into(),
        };
        // WPAD is switched on nearly everywhere.
        assert_eq!(parse(SETTINGS, &connections("0b")), Some(expected));
    }

    #[test]
    fn schemes_may_have_servers_of_their_own() {
        let servers = "ftp=f:1;http=http://a:80;https=b:81;socks=c";
        let settings = SETTINGS.replace("proxy.example:8080", servers);
        let Some(SystemProxy::Servers {
            http, https, socks, ..
        }) = parse(&settings, "")
        else {
            panic!("no servers");
        };
        let all = [http, https, socks].map(Option::unwrap);
        assert_eq!(all, ["a:80", "b:81", "c:1080"]);
    }

    #[test]
    fn what_is_switched_off_does_not_count() {
        let off = SETTINGS.replace("0x1", "0x0");
        assert_eq!(parse(&off, &connections("01")), None);
        assert_eq!(parse(&off, &connections("09")), Some(SystemProxy::Auto));
        assert_eq!(parse(&off, "nonsense"), None);
        let url = "http://wpad.example/p.pac";
        let script = off.replace(
            "    EmptyOne    REG_SZ",
            &format!("    AutoConfigURL    REG_SZ    {url}"),
        );
        let expected = SystemProxy::Script {
            url: url.to_owned(),
        };
        assert_eq!(parse(&script, &connections("0d")), Some(expected));
    }
}
