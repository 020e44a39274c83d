//! The proxy of macOS, by `scutil`.

use std::collections::HashMap;

use super::{PATIENCE, SystemProxy, rules::Names, servers::Written};
use crate::command;

pub(super) fn read() -> Option<SystemProxy> {
    let said = command::run(PATIENCE, "scutil", ["--proxy"], b"")
        .inspect_err(|error| tracing::debug!(%error, "the system’s proxy is not known"))
        .ok()?;
    parse(&said)
}

/// A dictionary, in which there may be others, and arrays.
fn parse(said: &str) -> Option<SystemProxy> {
    let mut settings = HashMap::new();
    let mut exceptions = Vec::new();
    let mut inside = Vec::new();
    for line in said.lines().map(str::trim) {
        let (key, value) = line.split_once(" : ").unwrap_or((line, ""));
        if line.ends_with('{') {
            inside.push(key);
        } else if line == "}" {
            inside.pop();
        } else if let [_, "ExceptionsList"] = inside[..] {
            exceptions.push(value);
        } else if inside.len() == 1 {
            settings.insert(key, value);
        }
    }
    let is_on = |key| settings.get(key) == Some(&"1");
    if is_on("ProxyAutoConfigEnable")
        && let Some(script) = settings
            .get("ProxyAutoConfigURLString")
            .and_then(|url| SystemProxy::script(url))
    {
        return Some(script);
    }
    let server = |switch, host, port| {
        let host = settings.get(host).filter(|_| is_on(switch))?;
        let port = settings.get(port).copied().unwrap_or("0");
        Some(match host.contains("::") {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        })
    };
    let http = server("HTTPEnable", "HTTPProxy", "HTTPPort");
    let https = server("HTTPSEnable", "HTTPSProxy", "HTTPSPort");
    let socks = server("SOCKSEnable", "SOCKSProxy", "SOCKSPort");
    if is_on("ExcludeSimpleHostnames") {
        exceptions.push("<local>");
    }
    let written = Written {
        http: http.as_deref(),
        https: https.as_deref(),
        socks: socks.as_deref(),
    };
    written
        .read(exceptions, Names::Exact)
        .or_else(|| is_on("ProxyAutoDiscoveryEnable").then_some(SystemProxy::Auto))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
  }
  ExcludeSimpleHostnames : 1
  FTPPassive : 1
  HTTPEnable : 1
  HTTPPort : 8080
  HTTPProxy : proxy.example
  HTTPSEnable : 0
  HTTPSPort : 8081
  HTTPSProxy : off.example
  ProxyAutoConfigEnable : 0
  ProxyAutoConfigURLString : http://wpad.example/p.pac
  ProxyAutoDiscoveryEnable : 1
  SOCKSEnable : 1
  SOCKSPort : 1081
  SOCKSProxy : 2001:db8::1
  __SCOPED__ : <dictionary> {
    en0 : <dictionary> {
      HTTPEnable : 1
      HTTPPort : 1
      HTTPProxy : scoped.example
    }
  }
}
";

    #[test]
    fn what_is_switched_on_counts() {
        let bypass = [".local", "169.254.0.0/16", "<local>"];
        let expected = SystemProxy::Servers {
            http: Some("proxy.example:8080".to_owned()),
            https: None,
            socks: Some("[2001:db8::1]:1081".to_owned()),
            bypass: bypass.map(str::to_owned).into(),
        };
        assert_eq!(parse(SAID), Some(expected));
        let script = SAID.replace("ConfigEnable : 0", "ConfigEnable : 1");
        let url = "http://wpad.example/p.pac".to_owned();
        assert_eq!(parse(&script), Some(SystemProxy::Script { url }));
        let auto = SAID
            .replace("HTTPEnable : 1", "HTTPEnable : 0")
            .replace("SOCKSEnable : 1", "SOCKSEnable : 0");
        assert_eq!(parse(&auto), Some(SystemProxy::Auto));
    }

    #[test]
    fn nothing_set_is_no_proxy() {
        assert_eq!(parse("<dictionary> {\n  FTPPassive : 1\n}\n"), None);
        assert_eq!(parse("No network\n}\n}\n"), None);
    }
}
