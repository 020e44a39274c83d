//! `pkarr publish`: sign records and hand them to the network.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use clap::Args;
use serde_json::json;
use simple_dns::{Name, TYPE};

use super::{
    options::Services,
    output::{FAINT, Output, STRONG},
    passphrase::Passphrase,
    stop,
};
use crate::{
    cache::Whose,
    key::{KeyPair, PublicKey},
    keystore,
    packet::owner_name,
    problem::{Code, Problem},
    publisher::{Changes, Existing, Published, keeper},
    settings::Settings,
    zone::{self, External},
};

/// Records under the key that are not in the zone file stay as they are, unless they have the name
/// and type of one that is.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The key file to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// The records, as a zone file (RFC 1035) with names relative to the key; `-` for standard
    /// input. For example: `@ 300 A 203.0.113.7`
    #[arg(required_unless_present_any = ["set", "remove", "replace"])]
    zone_file: Option<PathBuf>,
    /// A record to publish, as a line of a zone file: 'www 300 A 203.0.113.7'; may be repeated
    #[arg(long, value_name = "RECORD")]
    set: Vec<String>,
    /// A name to remove, or its records of one type: 'www' or 'www A'; may be repeated
    #[arg(long, value_name = "NAME [TYPE]")]
    remove: Vec<String>,
    /// Drop the records that are published now and not in the zone file
    #[arg(long)]
    replace: bool,
    /// Publish again whenever the zone file changes, until stopped
    #[arg(long, requires = "zone_file")]
    watch: bool,
    /// Publish this once, and keep the key published no longer
    #[arg(long)]
    once: bool,
    /// One line of JSON: {"key", "uri", "seq", "storedNodes", "size", "maxSize", "records", "kept", "relays"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let from_stdin = arguments
        .zone_file
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-");
    if arguments.watch && from_stdin {
        let what = "standard input can’t be watched; name a file";
        return Err(Problem::new(Code::BadRequest, what));
    }
    let pair = keystore::read(&arguments.key, || arguments.passphrase.ask())?;
    let services = settings.services()?;
    let one = One {
        pair,
        arguments,
        settings,
        services,
        output: *output,
    };
    let text = one.zone_text()?;
    one.publish(text.as_deref()).await?;
    if one.arguments.watch {
        one.watch(text).await;
    }
    Ok(())
}

/// A key that is being published.
struct One<'a> {
    pair: KeyPair,
    arguments: Arguments,
    settings: &'a Settings,
    services: Services,
    output: Output,
}

impl One<'_> {
    fn zone_text(&self) -> Result<Option<String>, Problem> {
        let Some(path) = &self.arguments.zone_file else {
            return Ok(None);
        };
        let text = if path.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin())
        } else {
            fs::read_to_string(path)
        };
        text.map(Some).map_err(|error| {
            let name = path.display();
            Problem::new(
                Code::BadRequest,
                format!("can’t read the zone file {name}: {error}"),
            )
        })
    }

    async fn publish(&self, text: Option<&str>) -> Result<(), Problem> {
        let changes = self.changes(text).await?;
        let published = {
            let _progress = self
                .output
                .progress("publishing: reading what is there, then storing");
            let publisher = &self.services.publisher;
            publisher.publish(&self.pair, &changes).await?
        };
        if self.arguments.once {
            let cache = self.services.resolver.cache();
            cache.forget(self.pair.public()).await?;
        } else {
            self.keep(&published).await?;
        }
        self.tell(&published);
        Ok(())
    }

    /// Publishes again when the file has changed; a mistake in it is told and waits for the next.
    async fn watch(&self, mut text: Option<String>) {
        let mut asked = std::pin::pin!(stop::asked());
        let mut seen = None;
        loop {
            tokio::select! {
                () = &mut asked => return,
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            // An editor may be writing the file at this moment: two looks must agree.
            let Ok(now) = self.zone_text() else { continue };
            let settled = seen.as_ref() == Some(&now);
            seen = Some(now.clone());
            if !settled || now == text {
                continue;
            }
            text = now;
            if let Err(problem) = self.publish(text.as_deref()).await {
                self.output.failure(&problem);
            }
        }
    }

    /// What is to change, by zone file and options.
    async fn changes(&self, text: Option<&str>) -> Result<Changes, Problem> {
        let wrong = |text: String| Problem::new(Code::BadRequest, text);
        let key = self.pair.public();
        let mut set = Vec::new();
        if let (Some(text), Some(path)) = (text, &self.arguments.zone_file) {
            let external = self.external(text).await;
            set = zone::parse_with(text, &key, &external).map_err(|error| {
                wrong(format!(
                    "the zone file {} is wrong: {error}",
                    path.display()
                ))
            })?;
        }
        for line in &self.arguments.set {
            let records = zone::parse(line, &key)
                .map_err(|error| wrong(format!("the record {line:?} is wrong: {error}")))?;
            set.extend(records);
        }
        let removal = |text: &String| {
            removal(text, &key)
                .ok_or_else(|| wrong(format!("{text:?} is not a name, or a name and a type")))
        };
        Ok(Changes {
            set,
            remove: self
                .arguments
                .remove
                .iter()
                .map(removal)
                .collect::<Result<_, _>>()?,
            existing: if self.arguments.replace {
                Existing::Drop
            } else {
                Existing::Keep
            },
        })
    }

    /// This machine's addresses, where the zone file asks for them.
    async fn external(&self, text: &str) -> External {
        let mut external = self.settings.external();
        if external.v4.is_none() && zone::has_variables(text) {
            // Nodes tell with their answers; without one nobody knows.
            let reported = self.services.dht.probe().await.ok();
            external.v4 = reported.and_then(|info| info.public_address);
        }
        external
    }

    async fn keep(&self, published: &Published) -> Result<(), Problem> {
        let absolute = |path: &PathBuf| std::path::absolute(path).ok();
        let zone_file = self.arguments.zone_file.as_ref();
        let whose = Whose::Own {
            key_file: absolute(&self.arguments.key),
            zone_file: zone_file
                .filter(|path| path.as_os_str() != "-")
                .and_then(absolute),
        };
        let cache = self.services.resolver.cache();
        let item = published.packet.item().clone();
        let now = SystemTime::now();
        let nodes = published.stored.nodes();
        let next_at = keeper::next(published.packet.key(), nodes, now);
        cache.keep_alive(item, whose, next_at).await?;
        cache
            .note_put(*published.packet.key(), now, nodes, next_at)
            .await?;
        Ok(())
    }

    fn tell(&self, published: &Published) {
        let output = self.output;
        let (size, most) = published.size();
        let key = self.pair.public();
        let all = published.packet.records().len();
        let nodes = published.stored.nodes();
        let relays = &published.stored.relays;
        if output.is_json() {
            let relays: Vec<_> = relays
                .iter()
                .map(|(url, answer)| {
                    json!({
                        "url": url,
                        "storedNodes": answer.as_ref().ok().map(|put| put.stored),
                        "error": answer.as_ref().err().map(ToString::to_string),
                    })
                })
                .collect();
            output.json(&json!({
                "key": key.to_string(),
                "uri": key.to_uri(),
                "seq": published.packet.seq().to_string(),
                "storedNodes": nodes,
                "size": size,
                "maxSize": most,
                "records": all,
                "kept": published.kept,
                "relays": relays,
            }));
            return;
        }
        output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
        output.line(format_args!(
            "published {all} records ({size} of {most} bytes), stored on {nodes} nodes"
        ));
        if let Err(error) = &published.stored.dht {
            output.line(format_args!("not stored in the DHT: {error}"));
        }
        for (url, answer) in relays {
            match answer {
                Ok(put) => output.line(format_args!("stored by {url}, on {} nodes", put.stored)),
                Err(error) => output.line(format_args!("not stored by {url}: {error}")),
            }
        }
        if published.kept > 0 {
            output.line(format_args!(
                "{FAINT}{} of them were there before and were kept; --replace drops them{FAINT:#}",
                published.kept
            ));
        }
        output.line(if self.arguments.once {
            format!("{FAINT}Nodes forget records after some hours: publish again before that.{FAINT:#}")
        } else {
            format!(
                "{FAINT}It stays published as long as `pkarr daemon` or a browser with the extension runs.{FAINT:#}"
            )
        });
    }
}

fn removal(text: &str, key: &PublicKey) -> Option<(Name<'static>, Option<TYPE>)> {
    let mut words = text.split_whitespace();
    let name = owner_name(words.next()?, key).ok()?;
    let kind = match words.next() {
        Some(word) => Some(zone::type_of(word)?),
        None => None,
    };
    words.next().is_none().then_some((name, kind))
}
