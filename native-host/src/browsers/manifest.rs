//! A browser’s word of a native host: the templates of `manifests/` filled in, and what others wrote
//! read.

use serde::Deserialize;
use serde_json::Value;

use super::table::{Engine, Identity};

const CHROMIUM: &str = include_str!("../../../manifests/native-host.chromium.json");
const FIREFOX: &str = include_str!("../../../manifests/native-host.firefox.json");

/// The manifest that lets our extension start `program`, an absolute path.
pub(super) fn text(identity: &Identity, engine: Engine, program: &str) -> String {
    let template = match engine {
        Engine::Chromium => CHROMIUM,
        Engine::Gecko => FIREFOX,
    };
    let values = [
        ("{{host}}", &*identity.host),
        ("{{description}}", &*identity.description),
        ("{{chromium.id}}", &*identity.chromium.id),
        ("{{firefox.id}}", &*identity.firefox.id),
        // The last: what stands in it is nobody’s place.
        ("{{path}}", program),
    ];
    let mut text = template.to_owned();
    for (place, value) in values {
        text = text.replace(place, &escaped(value));
    }
    text
}

/// As it stands inside a JSON string.
fn escaped(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// What a manifest says, whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// The host’s name.
    pub name: String,
    /// The program that is started; on Windows it may be relative to the manifest.
    pub path: String,
    /// How it is spoken to; browsers know `stdio` only.
    #[serde(rename = "type")]
    pub kind: String,
    /// Extensions of Chromium that may start it, by origin.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Extensions of Firefox that may start it, by id.
    #[serde(default)]
    pub allowed_extensions: Vec<String>,
}

impl Manifest {
    /// Reads one; the error is the parser’s, one line.
    ///
    /// # Errors
    /// When it is no JSON, or something in it is missing.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Whether a browser of this kind would let our extension start the program by it.
    pub fn admits(&self, identity: &Identity, engine: Engine) -> bool {
        let named = self.name == identity.host && self.kind == "stdio";
        named
            && match engine {
                Engine::Chromium => {
                    let origin = format!("chrome-extension://{}/", identity.chromium.id);
                    self.allowed_origins.contains(&origin)
                }
                Engine::Gecko => self.allowed_extensions.contains(&identity.firefox.id),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_meant() {
        let identity = Identity::ours().unwrap();
        let hostile = "C:\\Program Files\\\"p\\{{host}}\u{7}\\pkarr.exe";
        for engine in [Engine::Chromium, Engine::Gecko] {
            let text = text(identity, engine, hostile);
            let manifest = Manifest::read(text.as_bytes()).unwrap();
            assert_eq!(manifest.path, hostile);
            assert!(manifest.admits(identity, engine));
            assert!(!text.contains("\n\n") && !text.contains("chromium.id"));
        }
    }

    #[test]
    fn another_extension_is_not_ours() {
        let identity = Identity::ours().unwrap();
        let ours = text(identity, Engine::Chromium, "/usr/bin/pkarr");
        for (from, to) in [
            (&*identity.chromium.id, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("stdio", "pipe"),
            ("org.pkarr.host", "org.other.host"),
        ] {
            let manifest = Manifest::read(ours.replace(from, to).as_bytes()).unwrap();
            assert!(!manifest.admits(identity, Engine::Chromium), "{to}");
        }
        assert!(Manifest::read(b"{}").is_err());
        assert!(Manifest::read(b"\xff").is_err());
    }
}
