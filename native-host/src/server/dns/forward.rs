//! Names that are not keys, asked of those who know.

use std::time::Duration;

use hickory_net::{DnsError, NetError, runtime::TokioRuntimeProvider};
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, Record, RecordType},
};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
};

use super::zone::MAX_LINKS;
use crate::server::config::Forward;

/// How long an upstream resolver may take to answer once.
const TIME: Duration = Duration::from_millis(1500);
/// How many of its answers are remembered.
const CACHED: u64 = 8192;

/// What upstream says.
#[derive(Debug)]
pub(super) enum Forwarded {
    /// Records, aliases on the way to them included.
    Records(Vec<Record>),
    /// None, and the zone's start of authority if it was told.
    Negative {
        code: ResponseCode,
        soa: Option<Box<Record>>,
    },
    /// Nothing to go by.
    Failed,
}

pub(super) struct Forwarder {
    resolver: TokioResolver,
}

impl Forwarder {
    /// `None` when there is no upstream, or none that can be used.
    pub(super) fn new(forward: &Forward) -> Option<Self> {
        Self::build(forward).unwrap_or_else(|error| {
            tracing::warn!(%error, "names that are not keys can’t be forwarded");
            None
        })
    }

    fn build(forward: &Forward) -> Result<Option<Self>, NetError> {
        let mut builder = match forward {
            Forward::None => return Ok(None),
            Forward::System => TokioResolver::builder_tokio()?,
            Forward::Servers(servers) => {
                let servers = servers.iter().map(|server| {
                    let connections =
                        [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                            connection.port = server.port();
                            connection
                        });
                    NameServerConfig::new(server.ip(), true, connections.into())
                });
                TokioResolver::builder_with_config(
                    ResolverConfig::from_name_servers(servers.collect()),
                    TokioRuntimeProvider::default(),
                )
            }
        };
        let options = builder.options_mut();
        options.timeout = TIME;
        options.attempts = 2;
        options.cache_size = CACHED;
        options.edns0 = true;
        options.preserve_intermediates = true;
        options.use_hosts_file = ResolveHosts::Never;
        Ok(Some(Self {
            resolver: builder.build()?,
        }))
    }

    pub(super) async fn ask(&self, name: &Name, qtype: RecordType) -> Forwarded {
        match self.resolver.lookup(name.clone(), qtype).await {
            Ok(lookup) => Forwarded::Records(in_order(name, qtype, lookup.answers())),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                let soa = none.soa.map(|soa| {
                    let soa = *soa;
                    let ttl = none.negative_ttl.map_or(soa.ttl, |ttl| ttl.min(soa.ttl));
                    Box::new(Record::from_rdata(soa.name, ttl, RData::SOA(soa.data)))
                });
                match none.response_code {
                    code @ (ResponseCode::NoError | ResponseCode::NXDomain) => {
                        Forwarded::Negative { code, soa }
                    }
                    _ => Forwarded::Failed,
                }
            }
            Err(_) => Forwarded::Failed,
        }
    }
}

/// The aliases from `name` on, then the records they lead to; what belongs to neither is left out.
pub(super) fn in_order(name: &Name, qtype: RecordType, records: &[Record]) -> Vec<Record> {
    let mut current = name.clone();
    let mut ordered: Vec<Record> = Vec::new();
    loop {
        let at_name = || records.iter().filter(|record| record.name == current);
        let found: Vec<Record> = at_name()
            .filter(|record| qtype == RecordType::ANY || record.record_type() == qtype)
            .cloned()
            .collect();
        if !found.is_empty() {
            ordered.extend(found);
            return ordered;
        }
        let alias = at_name().find_map(|record| match &record.data {
            RData::CNAME(target) => Some((record, &target.0)),
            _ => None,
        });
        match alias {
            Some((record, target)) if ordered.len() < MAX_LINKS => {
                ordered.push(record.clone());
                current = target.clone();
            }
            _ => return ordered,
        }
    }
}
