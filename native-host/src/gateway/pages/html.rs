//! The page of a failure: the key, what is wrong, what to do, and what was found.
//!
//! It looks like the extension's pages, because it has their style sheet. It needs no script and
//! loads nothing. What goes into it from outside (names, reasons, records) is escaped.

use super::Failure;
use crate::{
    art,
    gateway::words::Language,
    key::{KEY_CHARS, KeyHost},
    meaning::{Meaning, is_unseen},
    problem::sentence,
    view::RecordView,
};

const SHARED_STYLE: &str = include_str!("../../../../extension/pages/style.css");
const STYLE: &str = include_str!("../page.css");
const ICON: &str = include_str!("../../../../extension/public/icon/icon.svg");
/// How many letters of a key stand together.
const GROUP: usize = 13;

/// The page in this language.
pub(super) fn page(failure: &Failure, host: &str, language: &Language) -> String {
    let problem = &failure.problem;
    let code = problem.code;
    let key_host = KeyHost::parse(host).ok();
    let title = escape(language.about(code, "Title"));
    let specific = escape(&sentence(&problem.what));
    // A name of 52 letters is told from the words around it.
    let shown_host = escape(host);
    let specific = match &key_host {
        Some(_) => specific.replace(&shown_host, &format!("<code>{shown_host}</code>")),
        None => specific,
    };
    let todo = escape(language.about(code, "Todo"));
    let again = escape(language.say("tryAgain"));
    // What happened in detail is told in English only.
    let (what, details) = if language.is_english() {
        (specific, String::new())
    } else {
        let details = escape(language.say("details"));
        let details = format!(
            "<details><summary>{details}</summary>\
             <p lang=\"en\" dir=\"ltr\" id=\"details\">{specific}</p></details>\n"
        );
        (escape(language.about(code, "What")), details)
    };
    let picture = match &key_host {
        Some(host) => art::svg(host.key()),
        None => ICON.to_owned(),
    };
    let everything = match &key_host {
        Some(_) => format!(
            "<p class=\"quiet\">{}</p>\n",
            escape(language.say("everything"))
        ),
        None => String::new(),
    };
    let address = address(host, key_host.as_ref());
    let records = records(&failure.records, key_host.as_ref(), language);
    let (tag, direction) = (language.tag(), language.direction());
    format!(
        "<!doctype html>\n<html lang=\"{tag}\" dir=\"{direction}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} · pkarr</title>\n<style>{SHARED_STYLE}{STYLE}</style>\n\
         <main class=\"sheet\">\n\
         <div class=\"whose\"><span class=\"picture\" aria-hidden=\"true\">{picture}</span>\
         <p class=\"host mono\" id=\"host\" dir=\"ltr\">{address}</p></div>\n\
         <h1>{title}</h1>\n<p id=\"what\">{what}</p>\n<p id=\"todo\">{todo}</p>\n\
         <div class=\"actions\"><a class=\"again\" href=\"\">{again}</a></div>\n\
         {details}{records}{everything}\
         <footer class=\"quiet\">pkarr · <code id=\"code\">{code}</code></footer>\n\
         </main>\n</html>\n"
    )
}

/// The host, its key whole and in groups that are apart only by sight.
fn address(host: &str, key_host: Option<&KeyHost>) -> String {
    let Some(key_host) = key_host else {
        return escape(host);
    };
    let name = key_host.as_str();
    let (before, key) = name.split_at(name.len() - KEY_CHARS);
    let mut address = String::new();
    if !before.is_empty() {
        address = format!("<span class=\"before\">{}</span>", escape(before));
    }
    let mut rest = key;
    while !rest.is_empty() {
        let (group, after) = rest.split_at(GROUP.min(rest.len()));
        address.push_str(&format!("<span>{group}</span>"));
        rest = after;
    }
    address
}

/// The records, each with what it is for; nothing where there are none.
fn records(records: &[RecordView], host: Option<&KeyHost>, language: &Language) -> String {
    let Some(host) = host.filter(|_| !records.is_empty()) else {
        return String::new();
    };
    let key = host.key().to_string();
    let rows: String = records
        .iter()
        .map(|record| {
            let outside = if record.out_of_zone {
                format!(
                    "<span class=\"quiet\">{}</span>",
                    escape(language.say("outOfZone"))
                )
            } else {
                String::new()
            };
            format!(
                "<li><span>{}</span><code dir=\"ltr\">{} <b>{}</b> {}</code>{outside}</li>\n",
                escape(language.say(kind(record.meaning.as_ref()))),
                escape(&record.relative_name(&key)),
                escape(&record.kind),
                escape(&record.value)
            )
        })
        .collect();
    format!(
        "<h2>{}</h2>\n<ul class=\"records\">\n{rows}</ul>\n",
        escape(language.say("records"))
    )
}

/// The name of the words for what a record is for.
fn kind(meaning: Option<&Meaning>) -> &'static str {
    match meaning {
        Some(Meaning::Address { .. }) => "kindAddress",
        Some(Meaning::Alias { .. }) => "kindAlias",
        Some(Meaning::Site { .. }) => "kindSite",
        Some(Meaning::Homeserver { .. }) => "kindHomeserver",
        Some(Meaning::IrohRelay { .. }) => "kindIrohRelay",
        Some(Meaning::IrohAddress { .. }) => "kindIrohAddress",
        Some(Meaning::IrohUserData { .. }) => "kindIrohUserData",
        Some(Meaning::Did { .. }) => "kindDid",
        Some(Meaning::DidKey { .. }) => "kindDidKey",
        Some(Meaning::DidService { .. }) => "kindDidService",
        Some(Meaning::Dnslink { .. }) => "kindDnslink",
        Some(Meaning::NameServer { .. }) => "kindNameServer",
        Some(Meaning::Mail { .. }) => "kindMail",
        Some(Meaning::Service { .. }) => "kindService",
        Some(Meaning::Text { .. }) => "kindText",
        None => "kindOther",
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            hidden if is_unseen(hidden) => escaped.push(char::REPLACEMENT_CHARACTER),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        item::Seq,
        key::KeyPair,
        packet::SignedPacket,
        problem::{Code, Problem},
        zone,
    };

    fn host() -> String {
        format!("www.{}", KeyPair::from_secret(&[1; 32]).public())
    }

    #[test]
    fn what_comes_from_outside_is_text() {
        let problem = Problem::new(Code::NotAKey, "<script>alert(1)</script>\u{202e}");
        let page = page(&problem.into(), "\"><img src=x>", Language::english());
        assert!(!page.contains("<script>"));
        assert!(!page.contains("<img"));
        assert!(!page.contains('\u{202e}'));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn records_are_text_with_a_meaning() {
        let pair = KeyPair::from_secret(&[1; 32]);
        let zone = "@ TXT \"</code><script>\"\n_pubky HTTPS 1 example.com.\n@ CAA 0 issue \"x\"";
        let records = zone::parse(zone, &pair.public()).unwrap();
        let packet = SignedPacket::sign(&pair, Seq::new(1).unwrap(), &records).unwrap();
        let problem = Problem::new(Code::NoEndpoint, "x");
        let failure = Failure::with_records(problem, &packet);
        let page = page(&failure, &host(), Language::english());
        assert!(!page.contains("<script>"));
        assert!(page.contains("@ <b>TXT</b> &quot;&lt;/code&gt;&lt;script&gt;&quot;"));
        assert!(page.contains("<li><span>Pubky homeserver</span><code dir=\"ltr\">_pubky "));
        assert!(page.contains("<li><span>Other record</span>"));
    }

    #[test]
    fn the_key_is_whole_and_has_its_picture() {
        let what = format!("nothing is at {}", host());
        let problem = Problem::new(Code::NoRecord, what);
        let page = page(&problem.into(), &host(), Language::english());
        let start = page.find("id=\"host\"").unwrap();
        let shown = &page[start..start + page[start..].find("</p>").unwrap()];
        let shown = shown.split_once('>').unwrap().1;
        assert_eq!(shown.matches("<span>").count(), 4);
        let before = "<span class=\"before\">";
        let text = ["<span>", "</span>", before]
            .iter()
            .fold(shown.to_owned(), |text, tag| text.replace(tag, ""));
        assert_eq!(text, host());
        let pair = KeyPair::from_secret(&[1; 32]);
        assert!(page.contains(&art::svg(&pair.public())));
        let what = format!("<p id=\"what\">Nothing is at <code>{}</code>.</p>", host());
        assert!(page.contains(&what), "{page}");
    }
}
