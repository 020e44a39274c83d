//! The proxy in environment variables, as Chromium reads them where the desktop has no setting.

use super::{SystemProxy, rules::Names, servers::Written};

/// The environment: a variable by its name.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// `auto_proxy` is the address of a script, or empty for WPAD. Otherwise `all_proxy`, or
/// `http_proxy` and `https_proxy`, or `SOCKS_SERVER`, without what is in `no_proxy`.
pub(super) fn read(environment: Environment<'_>) -> Option<SystemProxy> {
    let variable =
        |name: &str| environment(name).or_else(|| environment(&name.to_ascii_uppercase()));
    if let Some(script) = variable("auto_proxy") {
        return match script.is_empty() {
            true => Some(SystemProxy::Auto),
            false => SystemProxy::script(&script),
        };
    }
    let bypass = variable("no_proxy").unwrap_or_default();
    let rules = || list(&bypass);
    let all = variable("all_proxy");
    let (http, https) = (variable("http_proxy"), variable("https_proxy"));
    let socks = variable("SOCKS_SERVER");
    all.as_deref()
        .and_then(|server| Written::one(server).read(rules(), Names::AndBelow))
        .or_else(|| {
            let each = Written {
                http: http.as_deref(),
                https: https.as_deref(),
                socks: None,
            };
            each.read(rules(), Names::AndBelow)
        })
        .or_else(|| {
            let last = Written {
                socks: socks.as_deref(),
                ..Written::default()
            };
            last.read(rules(), Names::AndBelow)
        })
}

/// A list whose parts stand between commas, semicolons or spaces.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ']).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Option<SystemProxy> {
        read(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn servers(http: &str, https: &str, bypass: &[&str]) -> Option<SystemProxy> {
        let server = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(SystemProxy::Servers {
            http: server(http),
            https: server(https),
            socks: None,
            bypass: bypass.iter().map(ToString::to_string).collect(),
        })
    }

    #[test]
    fn variables_are_read_in_either_case() {
        assert_eq!(with(&[]), None);
        let found = with(&[
            ("http_proxy", "http://user:secret@proxy.example:3128/"),
            ("HTTPS_PROXY", "proxy.example:3129"),
            ("no_proxy", "localhost, .corp.example,10.0.0.0/8"),
        ]);
        let bypass = ["localhost", ".localhost", ".corp.example", "10.0.0.0/8"];
        let expected = servers("proxy.example:3128", "proxy.example:3129", &bypass);
        assert_eq!(found, expected);
        let found = with(&[("http_proxy", "a:1")]);
        assert_eq!(found, servers("a:1", "", &[]));
    }

    #[test]
    fn some_count_before_others() {
        let all = [("all_proxy", "a:1"), ("http_proxy", "b:2")];
        assert_eq!(with(&all), servers("a:1", "a:1", &[]));
        // What can’t be a server is none.
        let odd = [("all_proxy", "a b"), ("http_proxy", "b:2")];
        assert_eq!(with(&odd), servers("b:2", "", &[]));
        let auto = [("auto_proxy", ""), ("all_proxy", "a:1")];
        assert_eq!(with(&auto), Some(SystemProxy::Auto));
        let url = "http://wpad.example/p.pac";
        let script = SystemProxy::Script {
            url: url.to_owned(),
        };
        assert_eq!(with(&[("auto_proxy", url)]), Some(script));
        assert!(matches!(
            with(&[("SOCKS_SERVER", "s")]),
            Some(SystemProxy::Servers { socks: Some(socks), .. }) if socks == "s:1080"
        ));
    }
}
