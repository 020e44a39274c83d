//! A check-up as text, to show to others.

use std::{
    env, fmt,
    path::{MAIN_SEPARATOR, Path},
};

use serde::Serialize;

use super::{Finding, State};
use crate::{folders, key::PublicKey};

/// How many characters a key has.
const KEY: usize = 52;
/// Names of users that tell nothing of a person, and words of ours.
const NOBODY: [&str; 8] = [
    "admin",
    "administrator",
    "home",
    "pkarr",
    "root",
    "runner",
    "user",
    "users",
];

/// A check-up, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The program's version.
    pub version: String,
    /// The system and its kind of processor.
    pub system: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Of this program, on this system.
    pub fn new(findings: Vec<Finding>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            system: format!("{} {}", env::consts::OS, env::consts::ARCH),
            findings,
        }
    }

    /// The same without what tells who somebody is.
    pub fn redacted(&self, redaction: &Redaction) -> Self {
        let text = |text: &String| redaction.text(text);
        let findings = self.findings.iter().map(|finding| Finding {
            what: text(&finding.what),
            todo: text(&finding.todo),
            facts: finding
                .facts
                .iter()
                .map(|(name, fact)| (name.clone(), text(fact)))
                .collect(),
            ..finding.clone()
        });
        Self {
            findings: findings.collect(),
            ..self.clone()
        }
    }

    /// Whether something does not work.
    pub fn is_bad(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.state == State::Bad)
    }
}

impl fmt::Display for Report {
    /// One line a finding, and its remedy below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "pkarr {} on {}", self.version, self.system)?;
        for finding in &self.findings {
            let Finding {
                check,
                finding,
                state,
                what,
                todo,
                ..
            } = finding;
            writeln!(f, "{state:<8} {check} {finding}: {}", one_line(what))?;
            if !todo.is_empty() {
                writeln!(f, "         {}", one_line(todo))?;
            }
        }
        Ok(())
    }
}

/// What a report is can't be forged by what stands in it.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text
        .split(|character: char| character.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    words.join(" ")
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Good => "good",
            State::Note => "note",
            State::Warning => "warning",
            State::Bad => "bad",
        })
    }
}

/// What is left out of a report: the home folder, which becomes `~`, the user's name, and keys.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    homes: Vec<String>,
    user: Option<String>,
}

impl Redaction {
    /// For the user who runs the program.
    pub fn of_user() -> Self {
        Self::new(folders::home().as_deref())
    }

    /// For a user with this home folder, whose last part is their name.
    pub fn new(home: Option<&Path>) -> Self {
        // It may be named in another way, too: what it really is where a link leads to it.
        let homes = home.into_iter().flat_map(|home| {
            let real = home.canonicalize().ok();
            [Some(home.to_owned()), real].into_iter().flatten()
        });
        let homes: Vec<String> = homes
            .filter(|home| home.components().count() > 1)
            .map(|home| home.display().to_string())
            .collect();
        let user = home
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| !NOBODY.contains(&name.to_lowercase().as_str()));
        Self { homes, user }
    }

    /// A text without what is left out.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for home in &self.homes {
            text = replace_path(&text, home.trim_end_matches(MAIN_SEPARATOR));
        }
        let mut redacted = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = |inside: bool| {
                let other = |character: char| is_word(character) != inside;
                rest.find(other).unwrap_or(rest.len())
            };
            let (word, after) = rest.split_at(end(true));
            redacted.push_str(self.word(word));
            rest = after;
            let (between, after) = rest.split_at(rest.find(is_word).unwrap_or(rest.len()));
            redacted.push_str(between);
            rest = after;
        }
        redacted
    }

    fn word<'a>(&self, word: &'a str) -> &'a str {
        if self.user.as_deref().is_some_and(|user| user == word) {
            "<user>"
        } else if word.len() == KEY && word.to_lowercase().parse::<PublicKey>().is_ok() {
            "<key>"
        } else {
            word
        }
    }
}

/// Names of users have these, and keys are among them.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// Puts `~` for a folder, but not for one whose name only begins the same.
fn replace_path(text: &str, folder: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(folder) {
        replaced.push_str(before);
        let goes_on = after.chars().next().is_some_and(is_word);
        replaced.push_str(if goes_on { folder } else { "~" });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

    #[test]
    fn home_user_and_keys_are_left_out() {
        let redaction = Redaction::new(Some(Path::new("/home/alice")));
        for (text, redacted) in [
            ("/home/alice/.config/pkarr", "~/.config/pkarr"),
            ("kept in /home/alice.", "kept in ~."),
            ("/home/alice2/x", "/home/alice2/x"),
            (
                "/run/user/alice/x of alice's",
                "/run/user/<user>/x of <user>'s",
            ),
            ("malice", "malice"),
            (&format!("pk:{KEY}/path"), "pk:<key>/path"),
            (&KEY.to_uppercase(), "<key>"),
            (&format!("www.{KEY}."), "www.<key>."),
            (&format!("{KEY}y"), &format!("{KEY}y")),
            ("", ""),
            ("ßé ’", "ßé ’"),
        ] {
            assert_eq!(redaction.text(text), redacted);
        }
    }

    #[test]
    fn a_user_without_a_name_of_their_own_is_no_word() {
        let redaction = Redaction::new(Some(Path::new("/root")));
        assert_eq!(redaction.text("the root in /root/x"), "the root in ~/x");
        let nobody = Redaction::new(Some(Path::new("/")));
        assert_eq!(nobody.text("/usr/bin"), "/usr/bin");
    }

    #[test]
    fn a_report_has_a_line_a_finding() {
        let finding = Finding::new("settings", "wrong", State::Bad)
            .what("Two\nlines \u{1b}[2Jof /home/alice/it")
            .todo("Mend it.")
            .fact("file", "/home/alice/x");
        let report = Report::new(vec![finding]);
        let redacted = report.redacted(&Redaction::new(Some(Path::new("/home/alice"))));
        let text = redacted.to_string();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "bad      settings wrong: Two lines [2Jof ~/it",
                "         Mend it."
            ]
        );
        assert_eq!(redacted.findings[0].facts["file"], "~/x");
        assert!(redacted.is_bad());
    }
}
