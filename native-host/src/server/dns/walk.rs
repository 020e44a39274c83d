//! From a question to what is answered: along aliases, over keys, delegations and ICANN names.

mod elsewhere;

use std::time::{Duration, Instant, SystemTime};

use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, Record, RecordType},
};

use super::{
    Epoch, Inner, Kept, MOST_KEPT, Rules,
    delegation::{MAX_GLUELESS, Told},
    reply::{ExtendedError, Parts, Reply},
    zone::{Age, Found, MAX_LINKS, NEGATIVE_TTL, Zone, made_up_soa},
};
use crate::{
    key::{KEY_CHARS, PublicKey},
    resolver::{Policy, ResolveError},
    server::{hot::text, limits::Client, refusal::Refusal, source::Hit},
};

/// How many records an answer may have.
const MAX_RECORDS: usize = 128;
/// How long an answer is remembered whose records have expired.
const STALE_KEPT: Duration = Duration::from_secs(1);
/// How long it is remembered that a key has no records. The resolver remembers that, too.
const ABSENT_TTL: u32 = 60;

/// Extended errors (RFC 8914, section 4).
const OTHER: u16 = 0;
const STALE: u16 = 3;
const FILTERED: u16 = 17;
const PROHIBITED: u16 = 18;
const STALE_NXDOMAIN: u16 = 19;
const NOT_AUTHORITATIVE: u16 = 20;
pub(super) const UNREACHABLE: u16 = 22;
const NETWORK: u16 = 23;
const INVALID: u16 = 24;

/// Names that are never asked for in the DNS (RFC 6761, 6762, 7686, 9476).
const NEVER_FORWARDED: [&str; 5] = ["alt", "invalid", "local", "onion", "test"];

/// What a name is.
enum Place {
    /// A key's, by this name in the key's zone.
    Key { name: Name, key: PublicKey },
    /// The suffix itself.
    Suffix,
    /// As long as a key's and no key's, or below the suffix without a key.
    Nowhere,
    /// For local use.
    Local,
    /// Anything else.
    Foreign,
}

pub(super) struct Walk<'a> {
    inner: &'a Inner,
    rules: &'a Rules,
    client: &'a Client,
    recursion: bool,
    name: Name,
    qtype: RecordType,
    parts: Parts,
    epochs: Vec<Epoch>,
    forwarded: bool,
    /// Whether others may be told more than this client.
    alone: bool,
    /// How many names of name servers are still looked up.
    glueless: usize,
    /// Set once a key's records led here: where its addresses may lead is the key's limit from then
    /// on, whoever's addresses they are.
    private: Option<bool>,
}

/// Whether the walk goes on.
enum Step {
    To(Name),
    Done,
}

impl<'a> Walk<'a> {
    /// `name` is in lower case; `recursion` says whether names that aren't keys' are looked up.
    pub(super) fn new(
        inner: &'a Inner,
        rules: &'a Rules,
        client: &'a Client,
        recursion: bool,
        name: Name,
        qtype: RecordType,
    ) -> Self {
        Self {
            inner,
            rules,
            client,
            recursion,
            name,
            qtype,
            parts: Parts::default(),
            epochs: Vec::new(),
            forwarded: false,
            alone: false,
            glueless: MAX_GLUELESS,
            private: None,
        }
    }

    pub(super) async fn go(mut self) -> Kept {
        let mut seen = vec![self.name.clone()];
        let mut current = self.name.clone();
        loop {
            let Step::To(next) = self.step(&current, seen.len() == 1).await else {
                break;
            };
            let next = next.to_lowercase();
            if seen.contains(&next) || seen.len() > MAX_LINKS {
                self.fail(ResponseCode::ServFail, OTHER, "the aliases lead nowhere");
                break;
            }
            seen.push(next.clone());
            current = next;
        }
        self.finish()
    }

    async fn step(&mut self, name: &Name, first: bool) -> Step {
        match self.place(name) {
            Place::Key { name: zoned, key } => self.at_key(name, &zoned, &key, first).await,
            Place::Suffix => {
                let soa = made_up_soa(name.clone(), 1, NEGATIVE_TTL);
                self.parts.authoritative = first;
                if self.qtype == RecordType::SOA {
                    self.parts.answers.push(soa);
                } else {
                    self.parts.authorities.push(soa);
                }
                Step::Done
            }
            Place::Nowhere => self.no_such_name(),
            Place::Local => self.foreign(name, first, true).await,
            Place::Foreign => self.foreign(name, first, false).await,
        }
    }

    fn place(&self, name: &Name) -> Place {
        let labels: Vec<&[u8]> = name.iter().collect();
        let mut below = labels.as_slice();
        let suffix = self.rules.suffix.as_ref();
        let suffixed = suffix.is_some_and(|suffix| suffix.zone_of(name));
        if suffixed {
            below = &labels[..labels.len() - suffix.map_or(0, |suffix| suffix.iter().count())];
        }
        let Some(last) = below.last() else {
            return if suffixed {
                Place::Suffix
            } else {
                Place::Foreign
            };
        };
        if last.len() == KEY_CHARS {
            let key = std::str::from_utf8(last)
                .ok()
                .and_then(|text| text.to_ascii_lowercase().parse().ok());
            // No name of the DNS' root is that long: a mistyped key is nobody else's business.
            return match (key, Name::from_labels(below.iter().copied())) {
                (Some(key), Ok(name)) => Place::Key { name, key },
                _ => Place::Nowhere,
            };
        }
        let never = NEVER_FORWARDED
            .iter()
            .any(|never| last.eq_ignore_ascii_case(never.as_bytes()));
        match (suffixed, never) {
            (true, _) => Place::Nowhere,
            (false, true) => Place::Local,
            (false, false) => Place::Foreign,
        }
    }

    async fn packet(&self, key: &PublicKey) -> Result<Hit, Refusal> {
        let source = &self.inner.source;
        let _permit = if self.is_known(key).await {
            None
        } else {
            Some(self.inner.lookups.try_acquire().map_err(|_| busy())?)
        };
        source.packet(key, Policy::CacheFirst, self.client).await
    }

    /// Whether it takes no lookup to answer for this key.
    async fn is_known(&self, key: &PublicKey) -> bool {
        let source = &self.inner.source;
        if source.hot(&text(key)).is_some() {
            return true;
        }
        let resolver = source.resolver();
        match resolver.resolve(key, Policy::CacheOnly).await {
            Ok(answer) => !answer.stale,
            Err(_) => resolver.cache().is_absent(key),
        }
    }

    async fn at_key(&mut self, asked: &Name, name: &Name, key: &PublicKey, first: bool) -> Step {
        let epoch = self.inner.epochs.of(key);
        let outcome = self.packet(key).await;
        self.epochs.push(epoch);
        let hit = match outcome {
            Ok(hit) => hit,
            Err(error) => return self.no_packet(error),
        };
        let private = self.rules.private.allows(key);
        self.private = Some(private && self.private.unwrap_or(true));
        let Some(zone) = Zone::of(&hit.held.packet, age(&hit), private) else {
            return self.no_such_name();
        };
        self.parts.authoritative |= first && !hit.stale;
        if hit.stale {
            self.parts.stale = true;
            self.error(STALE, "the network doesn't answer, this is from before");
        }
        match zone.find(name, self.qtype) {
            Found::Records(records) => {
                self.add_addresses(&zone, asked, name, &records);
                self.answer(renamed(records, asked));
                Step::Done
            }
            Found::Alias { record, target } => {
                self.answer(renamed(vec![*record], asked));
                Step::To(target)
            }
            Found::NoData { filtered } => {
                if filtered {
                    self.error(FILTERED, "the addresses are in private networks");
                }
                self.nothing(ResponseCode::NoError, suffixed(zone.soa(), asked, name))
            }
            Found::NoName => {
                self.nothing(ResponseCode::NXDomain, suffixed(zone.soa(), asked, name))
            }
            Found::Delegated { cut, servers } => {
                self.parts.authoritative = false;
                let outcome = self.delegated(&zone, cut, servers, name, private).await;
                let told = match outcome {
                    Err(refusal) => return self.no_packet(refusal),
                    Ok(told) => told,
                };
                match told {
                    Told::Records(records) => {
                        let end = records.last().and_then(|last| match &last.data {
                            RData::CNAME(target) if self.qtype != RecordType::CNAME => {
                                Some(target.0.clone())
                            }
                            _ => None,
                        });
                        let records = records
                            .into_iter()
                            .map(|mut record| {
                                if record.name == *name {
                                    record.name = asked.clone();
                                }
                                record
                            })
                            .collect();
                        let records = self.public(records);
                        self.answer(records);
                        end.map_or(Step::Done, Step::To)
                    }
                    Told::Negative { code, soa } => {
                        let soa = soa.unwrap_or_else(|| zone.soa());
                        self.nothing(code, suffixed(soa, asked, name))
                    }
                    Told::Referral { .. } | Told::Nothing => self.fail(
                        ResponseCode::ServFail,
                        UNREACHABLE,
                        "the key's name servers don't answer",
                    ),
                }
            }
        }
    }

    /// RFC 9460, section 4.1: addresses of the service go along.
    fn add_addresses(&mut self, zone: &Zone, asked: &Name, name: &Name, records: &[Record]) {
        for record in records {
            let service = match &record.data {
                RData::HTTPS(https) => &https.0,
                RData::SVCB(service) => service,
                _ => continue,
            };
            let target = if service.target_name.is_root() {
                name
            } else {
                &service.target_name
            };
            for address in zone.addresses(target) {
                let mut address = address.clone();
                if address.name == *name {
                    address.name = asked.clone();
                }
                if !self.parts.additionals.contains(&address) {
                    self.parts.additionals.push(address);
                }
            }
        }
    }

    fn no_packet(&mut self, refusal: Refusal) -> Step {
        use ResponseCode::ServFail;
        let error = match refusal {
            Refusal::Resolve(error) => error,
            Refusal::TooMany { .. } => {
                return self.fail(ServFail, PROHIBITED, "too many lookups from your address");
            }
            Refusal::Busy { .. } => {
                return self.fail(ServFail, OTHER, "too many lookups, ask again");
            }
        };
        match error {
            ResolveError::NoRecord(_) => self.no_such_name(),
            ResolveError::NotAPacket { .. } => {
                self.fail(ServFail, INVALID, "the key's newest record is no packet")
            }
            ResolveError::BadSignature { .. } => self.fail(
                ServFail,
                INVALID,
                "nothing that was found is signed by the key",
            ),
            ResolveError::Outdated { .. } => {
                self.fail(ServFail, INVALID, "only an outdated record was found")
            }
            ResolveError::Busy => self.fail(ServFail, OTHER, "too many lookups, ask again"),
            ResolveError::Unreachable | ResolveError::Dht(_) => {
                self.fail(ServFail, UNREACHABLE, "neither the DHT nor a relay answers")
            }
            ResolveError::NotCached(_) => self.fail(ServFail, OTHER, "nothing is remembered"),
        }
    }

    /// The name doesn't exist, and neither does a zone it could be in but the one above all keys.
    fn no_such_name(&mut self) -> Step {
        let above = match &self.rules.suffix {
            Some(suffix) if suffix.zone_of(&self.name) => suffix.clone(),
            _ => Name::root(),
        };
        self.nothing(ResponseCode::NXDomain, made_up_soa(above, 1, ABSENT_TTL))
    }

    fn nothing(&mut self, code: ResponseCode, soa: Record) -> Step {
        self.parts.code = code;
        if self.parts.stale && code == ResponseCode::NXDomain {
            self.parts.error = None;
            self.error(
                STALE_NXDOMAIN,
                "the network doesn't answer, this is from before",
            );
        }
        self.parts.authorities.push(soa);
        Step::Done
    }

    fn fail(&mut self, code: ResponseCode, error: u16, text: &'static str) -> Step {
        self.parts = Parts {
            code,
            ..Parts::default()
        };
        self.error(error, text);
        Step::Done
    }

    fn error(&mut self, code: u16, text: &'static str) {
        self.parts.error.get_or_insert(ExtendedError { code, text });
    }

    fn answer(&mut self, records: Vec<Record>) {
        let room = MAX_RECORDS.saturating_sub(self.parts.answers.len());
        self.parts.answers.extend(records.into_iter().take(room));
    }

    fn finish(self) -> Kept {
        let stale = self.parts.stale;
        let alone = self.alone;
        let reply = Reply::new(self.name, self.qtype, self.parts);
        let known = matches!(
            ResponseCode::from(0, reply.code() as u8),
            ResponseCode::NoError | ResponseCode::NXDomain
        );
        let time = match known {
            _ if alone => Duration::ZERO,
            false => Duration::ZERO,
            true if stale => STALE_KEPT,
            true => reply.ttl().min(MOST_KEPT),
        };
        Kept {
            reply,
            until: Instant::now() + time,
            epochs: self.epochs,
            forwarded: self.forwarded,
            alone,
        }
    }
}

fn busy() -> Refusal {
    Refusal::Busy {
        retry_after: Duration::from_secs(1),
    }
}

fn age(hit: &Hit) -> Age {
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    let since = SystemTime::now()
        .duration_since(hit.held.seen_at)
        .unwrap_or_default();
    Age {
        seconds: seconds(since),
        ttl: seconds(hit.held.ttl),
        stale: hit.stale,
    }
}

fn renamed(mut records: Vec<Record>, name: &Name) -> Vec<Record> {
    for record in &mut records {
        record.name = name.clone();
    }
    records
}

/// A record of the zone's as it is called below the suffix, where it was asked for there.
fn suffixed(mut record: Record, asked: &Name, zoned: &Name) -> Record {
    let surplus = asked.iter().count().saturating_sub(zoned.iter().count());
    if surplus > 0 {
        let suffix = asked.trim_to(surplus);
        if let Ok(name) = record.name.clone().append_name(&suffix) {
            record.name = name;
        }
    }
    record
}
