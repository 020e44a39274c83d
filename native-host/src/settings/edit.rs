//! Changing the text of the configuration file, and nothing in it but what is to be changed.
//!
//! Comments belong to the person who wrote them: they stay when the setting below them goes, those
//! at the end of a line too. In a list the entries that stay keep theirs.

use std::path::Path;

use toml_edit::{Array, Decor, DocumentMut, Item, Value};

use super::{Name, SettingsError, change::Edit};

/// The text after the changes.
pub(super) fn edited(
    path: &Path,
    text: &str,
    edits: &[Vec<Edit>],
) -> Result<String, SettingsError> {
    let mut document: DocumentMut =
        text.parse()
            .map_err(|error: toml_edit::TomlError| SettingsError::Syntax {
                file: path.to_owned(),
                reason: error.to_string().trim_end().to_owned(),
            })?;
    for edit in edits.iter().flatten() {
        match &edit.value {
            Some(value) => set(&mut document, edit.name, value.clone()),
            None => unset(&mut document, edit.name),
        }
    }
    Ok(document.to_string())
}

fn set(document: &mut DocumentMut, name: Name, mut value: Value) {
    match document.get_mut(name.as_str()) {
        Some(Item::Value(old)) => {
            if let (Value::Array(old), Value::Array(new)) = (&*old, &mut value) {
                keep_entries(old, new);
            }
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(other) => *other = Item::Value(value),
        None => {
            document.insert(name.as_str(), Item::Value(value));
            // What ended the file stands before what ends it now.
            let end = document.trailing().as_str().unwrap_or_default().to_owned();
            document.set_trailing("");
            prepend(document, name.as_str(), &end);
        }
    }
}

fn unset(document: &mut DocumentMut, name: Name) {
    let mut comments = String::new();
    if let Some((key, item)) = document.get_key_value(name.as_str()) {
        comments.push_str(before(key.leaf_decor()));
        if let Some(value) = item.as_value() {
            let after = value.decor().suffix().and_then(|raw| raw.as_str());
            let after = after.unwrap_or_default().trim();
            if !after.is_empty() {
                comments.push_str(after);
                comments.push('\n');
            }
        }
    }
    let next = document
        .iter()
        .map(|(key, _)| key.to_owned())
        .skip_while(|key| key != name.as_str())
        .nth(1);
    document.remove(name.as_str());
    if comments.trim().is_empty() {
        return;
    }
    match next {
        Some(next) => prepend(document, &next, &comments),
        None => {
            let end = document.trailing().as_str().unwrap_or_default();
            let end = format!("{comments}{end}");
            document.set_trailing(end);
        }
    }
}

/// Puts comments before those of a setting.
fn prepend(document: &mut DocumentMut, name: &str, comments: &str) {
    if let Some(mut key) = document.key_mut(name) {
        let decor = key.leaf_decor_mut();
        let gap = if comments.is_empty() || comments.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let prefix = format!("{comments}{gap}{}", before(decor));
        decor.set_prefix(prefix);
    }
}

fn before(decor: &Decor) -> &str {
    let prefix = decor.prefix().and_then(|raw| raw.as_str());
    prefix.unwrap_or_default()
}

/// Lets the entries that a list had before look as they did, and new ones like their neighbours.
fn keep_entries(old: &Array, new: &mut Array) {
    new.set_trailing(old.trailing().clone());
    new.set_trailing_comma(old.trailing_comma() && !new.is_empty());
    let indent: String = old
        .iter()
        .last()
        .map(|last| before(last.decor()))
        .unwrap_or_default()
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .to_owned();
    let lines = old.iter().any(|entry| before(entry.decor()).contains('\n'));
    for (index, entry) in new.iter_mut().enumerate() {
        let same = old.iter().find(|old| old.as_str() == entry.as_str());
        match same {
            Some(same) => *entry = same.clone(),
            None if lines => *entry.decor_mut() = Decor::new(format!("\n{indent}"), ""),
            None => *entry.decor_mut() = Decor::new(if index == 0 { "" } else { " " }, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Change;
    use proptest::prelude::*;

    fn edited_by(text: &str, changes: &[Change]) -> String {
        let edits: Vec<_> = changes.iter().map(|c| c.edit().unwrap()).collect();
        edited(Path::new("config.toml"), text, &edits).unwrap()
    }

    fn set_to(name: Name, values: &[&str]) -> Change {
        Change::Set(name, values.iter().map(ToString::to_string).collect())
    }

    const TEXT: &str = "\
# Mine.

stale = true # for now
# Ask only these:
relays = [
    \"https://a.example\",  # at home
    # the other one
    \"https://b.example\",
]
cache-size = 7   # few
# The end
";

    #[test]
    fn a_value_changes_and_nothing_else() {
        let after = edited_by(TEXT, &[set_to(Name::CacheSize, &["8"])]);
        assert_eq!(after, TEXT.replace("= 7", "= 8"));
        assert_eq!(edited_by(TEXT, &[set_to(Name::Stale, &["true"])]), TEXT);
    }

    #[test]
    fn entries_of_a_list_keep_their_comments() {
        let more = [
            "https://a.example",
            "https://b.example",
            "https://c.example",
        ];
        let after = edited_by(TEXT, &[set_to(Name::Relays, &more)]);
        let expected = TEXT.replace(
            "    \"https://b.example\",\n",
            "    \"https://b.example\",\n    \"https://c.example\",\n",
        );
        assert_eq!(after, expected);
        let one = "relays = [\"https://a.example\"]\n";
        let two = "relays = [\"https://a.example\", \"https://c.example\"]\n";
        let change = set_to(Name::Relays, &["https://a.example", "https://c.example"]);
        assert_eq!(edited_by(one, &[change]), two);
    }

    #[test]
    fn comments_stay_where_a_setting_goes() {
        let after = edited_by(TEXT, &[Change::Unset(Name::Stale)]);
        assert_eq!(after, TEXT.replace("stale = true # for now", "# for now"));
        let after = edited_by(TEXT, &[Change::Unset(Name::CacheSize)]);
        assert_eq!(after, TEXT.replace("cache-size = 7   # few", "# few"));
    }

    #[test]
    fn what_is_new_comes_last() {
        let after = edited_by("# only words", &[set_to(Name::Stale, &["false"])]);
        assert_eq!(after, "# only words\nstale = false\n");
        let after = edited_by(TEXT, &[set_to(Name::AllowPrivate, &["true"])]);
        assert_eq!(after, format!("{TEXT}allow-private = true\n"));
    }

    #[test]
    fn relays_that_are_named_are_no_longer_switched_off() {
        let off = "no-relays = true\n";
        let on = edited_by(off, &[set_to(Name::Relays, &["https://a.example"])]);
        assert_eq!(on, "relays = [\"https://a.example\"]\n");
        assert_eq!(edited_by(off, &[Change::Unset(Name::Relays)]), "");
    }

    /// A line of a file: a setting (at most one of a name), a comment, or nothing.
    fn file() -> impl Strategy<Value = Vec<String>> {
        let settings = proptest::sample::subsequence(
            vec![
                "bootstrap = ['203.0.113.7:6881']",
                "relays=[ \"https://a.example\" , 'https://b.example' ]",
                "relay-delay = 1_0",
                "\"cache-size\" = 0x10",
                "allow-private = false",
                "external-ipv4 = \"\"\"192.0.2.1\"\"\"",
                "data-dir = '/data'",
            ],
            0..=7,
        )
        .prop_shuffle();
        let comments = proptest::collection::vec("(# ?[a-zA-Zäß=\\[\\]\"' ]{0,12})?", 16);
        (settings, comments).prop_map(|(settings, comments)| {
            let mut comments = comments.into_iter();
            let mut lines = Vec::new();
            for setting in settings {
                lines.extend(comments.next());
                lines.push(format!("{setting} {}", comments.next().unwrap_or_default()));
            }
            lines.extend(comments.next());
            lines
        })
    }

    proptest! {
        /// Setting and unsetting one setting leaves every other line as it was, in its order.
        #[test]
        fn other_lines_are_left_alone(lines in file(), size in 1u64..1000, crlf: bool) {
            let end = if crlf { "\r\n" } else { "\n" };
            let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
            let own = |line: &&str| !line.contains("cache-size");
            let size = size.to_string();
            let after = edited_by(&text, &[set_to(Name::CacheSize, &[&size])]);
            prop_assert!(text.lines().filter(own).eq(after.lines().filter(own)), "{after}");
            let value: toml::Table = after.parse().unwrap();
            prop_assert_eq!(value["cache-size"].to_string(), size);
            // Comments are left even of what goes.
            let gone = edited_by(&after, &[Change::Unset(Name::CacheSize)]);
            prop_assert!(gone.parse::<toml::Table>().unwrap().get("cache-size").is_none());
            let mut left = gone.lines();
            for line in text.lines().filter(own).filter(|line| !line.trim().is_empty()) {
                prop_assert!(left.any(|other| other == line), "{line:?} is missing in {gone:?}");
            }
        }
    }
}
