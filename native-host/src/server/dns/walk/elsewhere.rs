//! What others know: the name servers of keys, and upstream.

use std::net::{IpAddr, SocketAddr};

use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, Record, RecordType},
};

use super::{
    ABSENT_TTL, FILTERED, NETWORK, NOT_AUTHORITATIVE, OTHER, PROHIBITED, Place, Step, Walk, age,
    busy,
};
use crate::{
    address::{is_local_name, is_public},
    server::{
        dns::{
            delegation::{self, MAX_REFERRALS, MAX_SERVERS, Told},
            forward::Forwarded,
            zone::{Zone, made_up_soa, without_private},
        },
        limits::Cost,
        refusal::Refusal,
    },
};

/// The types for which aliases out of a key are followed for everybody: those by which a site is found.
const FOLLOWED: [RecordType; 4] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::HTTPS,
    RecordType::SVCB,
];

/// Whether a name may mean something in the network of the server that it doesn't outside: names for
/// local use, and all below `arpa`, where addresses have their names.
fn is_inside(name: &Name) -> bool {
    let text = name.to_lowercase().to_ascii();
    let text = text.strip_suffix('.').unwrap_or(&text);
    is_local_name(text) || text == "arpa" || text.ends_with(".arpa")
}

impl Walk<'_> {
    /// What the name servers say to which a key delegates.
    ///
    /// # Errors
    /// [`Refusal`], when the client or everybody together asks for too much.
    pub(super) async fn delegated(
        &mut self,
        zone: &Zone,
        mut cut: Name,
        mut servers: Vec<Name>,
        name: &Name,
        private: bool,
    ) -> Result<Told, Refusal> {
        let inner = self.inner;
        inner.source.limits().pay(self.client, Cost::Lookup)?;
        let _permit = inner.delegations.try_acquire().map_err(|_| busy())?;
        let mut addresses: Vec<IpAddr> = servers
            .iter()
            .flat_map(|server| zone.addresses(server))
            .filter_map(|record| record.data.ip_addr())
            .collect();
        for _ in 0..=MAX_REFERRALS {
            if addresses.is_empty() {
                for server in servers.iter().take(MAX_SERVERS) {
                    let Some(left) = self.glueless.checked_sub(1) else {
                        break;
                    };
                    self.glueless = left;
                    addresses.extend(self.addresses_of(server, private).await);
                    if addresses.len() >= MAX_SERVERS {
                        break;
                    }
                }
            }
            let places: Vec<SocketAddr> = addresses
                .drain(..)
                .filter(|address| private || is_public(*address))
                .map(|address| SocketAddr::new(address, self.rules.name_server_port))
                .collect();
            match delegation::ask(&places, &cut, name, self.qtype).await {
                Told::Referral {
                    cut: below,
                    servers: others,
                    glue,
                } => {
                    cut = below;
                    servers = others;
                    addresses = glue;
                }
                told => return Ok(told),
            }
        }
        Ok(Told::Nothing)
    }

    /// The addresses of a name server: of a key by its own records, else by upstream.
    async fn addresses_of(&self, server: &Name, private: bool) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        match self.place(&server.to_lowercase()) {
            Place::Key { name, key } => {
                if let Ok(hit) = self.packet(&key).await
                    && let Some(zone) =
                        Zone::of(&hit.held.packet, age(&hit), self.rules.private.allows(&key))
                {
                    let found = zone
                        .addresses(&name)
                        .filter_map(|record| record.data.ip_addr());
                    addresses.extend(found);
                }
            }
            Place::Foreign if private || !is_inside(server) => {
                if let Some(forwarder) = &self.rules.forwarder {
                    for qtype in [RecordType::A, RecordType::AAAA] {
                        if let Forwarded::Records(records) = forwarder.ask(server, qtype).await {
                            addresses
                                .extend(records.iter().filter_map(|record| record.data.ip_addr()));
                        }
                    }
                }
            }
            Place::Foreign | Place::Suffix | Place::Nowhere | Place::Local => {}
        }
        addresses.truncate(MAX_SERVERS);
        addresses
    }

    /// A name that is no key's.
    pub(super) async fn foreign(&mut self, name: &Name, first: bool, local: bool) -> Step {
        let forwarder = self.rules.forwarder.as_ref();
        if first && !self.recursion {
            return if forwarder.is_some() {
                self.fail(
                    ResponseCode::Refused,
                    PROHIBITED,
                    "only names of keys are answered to you",
                )
            } else {
                self.fail(
                    ResponseCode::Refused,
                    NOT_AUTHORITATIVE,
                    "only names of keys are answered here",
                )
            };
        }
        if local {
            return self.no_such_name();
        }
        // Those who are not asked to follow get the alias alone and follow it themselves.
        let Some(forwarder) = forwarder else {
            return Step::Done;
        };
        if !first {
            // What the owner's network calls its own is not for whoever signs an alias to it.
            if self.private != Some(true) && is_inside(name) {
                return Step::Done;
            }
            // Nor is a key a way around the list of those who may ask for anything.
            let ordinary = FOLLOWED.contains(&self.qtype);
            if !ordinary && !self.recursion {
                self.alone = true;
                return Step::Done;
            }
            let limits = self.inner.source.limits();
            if let Err(refusal) = limits.pay(self.client, Cost::Lookup) {
                return self.no_packet(refusal);
            }
            self.forwarded |= !ordinary;
        }
        let Ok(_permit) = self.inner.elsewhere.try_acquire() else {
            return self.fail(
                ResponseCode::ServFail,
                OTHER,
                "too many questions, ask again",
            );
        };
        self.forwarded |= first;
        match forwarder.ask(name, self.qtype).await {
            Forwarded::Records(records) => {
                let end = records.last().and_then(|last| match &last.data {
                    RData::CNAME(target) if self.qtype != RecordType::CNAME => {
                        Some(target.0.clone())
                    }
                    _ => None,
                });
                let records = self.public(records);
                self.answer(records);
                // Upstream follows aliases, but to keys it can't.
                match end {
                    Some(target)
                        if matches!(self.place(&target.to_lowercase()), Place::Key { .. }) =>
                    {
                        Step::To(target)
                    }
                    _ => Step::Done,
                }
            }
            Forwarded::Negative { code, soa } => {
                let soa = soa.map(|soa| *soa);
                let soa = soa.unwrap_or_else(|| made_up_soa(Name::root(), 1, ABSENT_TTL));
                self.nothing(code, soa)
            }
            Forwarded::Failed => {
                self.fail(ResponseCode::ServFail, NETWORK, "upstream doesn't answer")
            }
        }
    }

    /// Without the addresses that the keys on the way may not lead to.
    pub(super) fn public(&mut self, records: Vec<Record>) -> Vec<Record> {
        if self.private != Some(false) {
            return records;
        }
        let before = records.len();
        let records: Vec<_> = records.into_iter().filter_map(without_private).collect();
        if records.len() < before {
            self.error(FILTERED, "the addresses are in private networks");
        }
        records
    }
}
