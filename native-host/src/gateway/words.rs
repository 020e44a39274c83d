//! The words of the gateway's pages, in the reader's language.
//!
//! They stand beside those of the extension, one file a language:
//! `extension/locales/<language>/gateway.json`, flat, without placeholders. The language is the
//! first of those that the browser asks for; what it lacks is said in English.

use std::{collections::HashMap, sync::LazyLock};

use hyper::header::{ACCEPT_LANGUAGE, HeaderMap};

use crate::problem::Code;

/// How many languages of a request are looked at.
const MOST_WANTED: usize = 32;
/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 4] = ["ar", "fa", "he", "ur"];

macro_rules! languages {
    ($($tag:literal),* $(,)?) => {
        &[$((
            $tag,
            include_str!(concat!("../../../extension/locales/", $tag, "/gateway.json")),
        )),*]
    };
}

/// English, and then all others that there are.
const LANGUAGES: &[(&str, &str)] = languages!["en", "ar", "de", "es", "fr", "ja", "pt", "zh"];

static KNOWN: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let read = |(tag, json): &(&'static str, &str)| Language::read(tag, json);
    LANGUAGES.iter().map(read).collect()
});
static ENGLISH: LazyLock<Language> = LazyLock::new(|| {
    let english = KNOWN.iter().find(|language| language.tag == "en");
    english.cloned().unwrap_or_default()
});

/// A language with its words.
#[derive(Debug, Clone, Default)]
pub(super) struct Language {
    tag: &'static str,
    words: HashMap<String, String>,
}

impl Language {
    /// The one in which programs are answered, too.
    pub(super) fn english() -> &'static Self {
        &ENGLISH
    }

    /// The first language of a request that is known (RFC 9110, section 12.5.4), else English.
    pub(super) fn of(headers: &HeaderMap) -> &'static Self {
        let field = headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let known = |tag: &str| KNOWN.iter().find(|language| language.tag == tag);
        wanted(field)
            .iter()
            .find_map(|tag| known(tag))
            .unwrap_or(&ENGLISH)
    }

    fn read(tag: &'static str, json: &str) -> Self {
        Self {
            tag,
            words: serde_json::from_str(json).unwrap_or_default(),
        }
    }

    /// The language's name (BCP 47).
    pub(super) fn tag(&self) -> &'static str {
        self.tag
    }

    /// As the attribute `dir` has it.
    pub(super) fn direction(&self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.tag) {
            "rtl"
        } else {
            "ltr"
        }
    }

    pub(super) fn is_english(&self) -> bool {
        self.tag == ENGLISH.tag
    }

    /// What is said by this name; empty where not even English has it.
    pub(super) fn say(&self, name: &str) -> &str {
        let own = self.words.get(name);
        own.or_else(|| ENGLISH.words.get(name))
            .map_or("", String::as_str)
    }

    /// What is said about a code: its `Title`, `What` or `Todo`.
    pub(super) fn about(&self, code: Code, part: &str) -> &str {
        self.say(&(camel_case(code.as_str()) + part))
    }
}

/// `no-record` as `noRecord`.
fn camel_case(code: &str) -> String {
    let mut name = String::new();
    let mut begins = false;
    for character in code.chars() {
        if character == '-' {
            begins = true;
        } else if begins {
            name.push(character.to_ascii_uppercase());
            begins = false;
        } else {
            name.push(character);
        }
    }
    name
}

/// The languages of an `Accept-Language`, without their regions, the most wanted first.
fn wanted(field: &str) -> Vec<String> {
    let mut ranges: Vec<(f32, String)> = field
        .split(',')
        .take(MOST_WANTED)
        .filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next()?.split('-').next()?;
            let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
                Some(weight) => weight.parse().ok()?,
                None => 1.0,
            };
            (weight > 0.0).then(|| (weight, tag.to_ascii_lowercase()))
        })
        .collect();
    // Stable: equals stay in their order.
    ranges.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    ranges.into_iter().map(|(_, tag)| tag).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn the_most_wanted_language_is_taken() {
        for (field, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", &["de", "de", "en"][..]),
            ("en;q=0.5, pt-BR, ZH-Hant-TW;q=0.7", &["pt", "zh", "en"]),
            ("fr;q=0, es", &["es"]),
            ("*", &["*"]),
            ("", &[""]),
            ("x;q=NaN, y;q=, z;q=-1", &[]),
        ] {
            assert_eq!(wanted(field), expected, "{field}");
        }
        assert_eq!(wanted(&"de,".repeat(10_000)).len(), MOST_WANTED);
    }

    #[test]
    fn an_unknown_language_is_answered_in_english() {
        for field in ["tlh", "*", "", ";;;,,,"] {
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, field.parse().unwrap())]);
            assert!(Language::of(&headers).is_english(), "{field}");
        }
        assert_eq!(Language::of(&HeaderMap::new()).tag(), "en");
    }

    #[test]
    fn english_says_what_a_language_lacks() {
        let arabic = Language::read("ar", r#"{ "tryAgain": "حاول مجددًا" }"#);
        assert_eq!(arabic.say("tryAgain"), "حاول مجددًا");
        assert_eq!(arabic.say("details"), "Details");
        assert_eq!(arabic.say("constructor"), "");
        assert_eq!(arabic.direction(), "rtl");
        assert!(!arabic.is_english());
    }

    #[test]
    fn english_says_what_problems_say() {
        for code in Code::ALL {
            let english = Language::english();
            assert_eq!(english.about(code, "Title"), code.title());
            assert_eq!(english.about(code, "Todo"), code.todo());
            assert!(english.about(code, "What").ends_with('.'), "{code}");
        }
    }

    #[test]
    fn every_language_there_is_a_file_for_is_known() {
        let locales = Path::new(env!("CARGO_MANIFEST_DIR")).join("../extension/locales");
        let there: BTreeSet<String> = fs::read_dir(locales)
            .unwrap()
            .map(|folder| folder.unwrap().path())
            .filter(|folder| folder.join("gateway.json").exists())
            .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        let known: BTreeSet<String> = LANGUAGES.iter().map(|(tag, _)| (*tag).to_owned()).collect();
        assert_eq!(known, there, "name them in LANGUAGES");
        let english: BTreeSet<_> = ENGLISH.words.keys().collect();
        for language in KNOWN.iter() {
            let words: BTreeSet<_> = language.words.keys().collect();
            assert_eq!(words, english, "{}", language.tag);
            for (name, text) in &language.words {
                let plain = !text.is_empty() && !text.contains(['<', '>', '{', '}']);
                assert!(plain, "{}: {name}", language.tag);
            }
        }
    }
}
