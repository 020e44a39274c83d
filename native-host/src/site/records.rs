//! The records that lead to a site, and the addresses in them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::StreamExt;
use simple_dns::{
    Name, TYPE,
    rdata::{A, AAAA, HTTPS, RData, SVCB, SVCParam},
};

use crate::{
    address::is_public,
    cache::CacheError,
    dht::{Dht, DhtError},
    key::KeyPair,
    packet::{Record, record},
    problem::{Code, Problem},
    publisher::{Changes, PublishError},
    tls::{H2, HTTP_11},
    zone::{DEFAULT_TTL, External},
};

/// The port of `https:` that records need not name.
const HTTPS_PORT: u16 = 443;

/// Why a site’s records are not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Nobody knows an address of this machine.
    #[error(
        "no node of the DHT says what this machine’s public address is; give it with --address"
    )]
    NoAddress,
    /// Nobody can be asked for it.
    #[error("this machine’s public address can’t be asked for: {0}")]
    Dht(#[from] DhtError),
    /// They could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// What is to be kept published can’t be written down.
    #[error("that the key is to be kept published can’t be written down: {0}")]
    Remember(#[from] CacheError),
    /// They can’t be written.
    #[error("the records can’t be written: {0}")]
    Write(#[from] simple_dns::SimpleDnsError),
}

impl From<RecordsError> for Problem {
    fn from(error: RecordsError) -> Self {
        let code = match error {
            RecordsError::Publish(error) => return error.into(),
            RecordsError::Remember(error) => return error.into(),
            RecordsError::NoAddress | RecordsError::Write(_) => Code::BadRequest,
            RecordsError::Dht(_) => Code::DhtUnreachable,
        };
        Problem::new(code, error)
    }
}

/// Which addresses lead to a site.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addresses {
    /// These, whatever happens.
    Fixed(Vec<IpAddr>),
    /// What nodes of the DHT say this machine’s address is; it may change.
    Reported(Ipv4Addr),
}

impl Addresses {
    /// Finds the addresses of a site that listens at `listen`.
    ///
    /// What is `given` goes before what the settings say (`external`), and that before what can be
    /// found out: the address that it listens at where that is all there is to know – one of the
    /// internet, or of this machine alone –, else what nodes report, else the address that it
    /// listens at.
    ///
    /// # Errors
    /// [`RecordsError::NoAddress`], [`RecordsError::Dht`].
    pub async fn find(
        given: &[IpAddr],
        external: External,
        listen: SocketAddr,
        dht: &Dht,
    ) -> Result<Self, RecordsError> {
        if !given.is_empty() {
            return Ok(Self::Fixed(given.to_vec()));
        }
        let v4 = external.v4.map(IpAddr::V4);
        let set: Vec<_> = v4.into_iter().chain(external.v6.map(IpAddr::V6)).collect();
        if !set.is_empty() {
            return Ok(Self::Fixed(set));
        }
        let own = Some(listen.ip().to_canonical()).filter(|own| !own.is_unspecified());
        if let Some(own) = own
            && (own.is_loopback() || is_public(own))
        {
            return Ok(Self::Fixed(vec![own]));
        }
        match (reported(dht).await, own) {
            (Ok(Some(address)), _) => Ok(Self::Reported(address)),
            (_, Some(own)) => Ok(Self::Fixed(vec![own])),
            (Ok(None), None) => Err(RecordsError::NoAddress),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// The addresses as they are now.
    pub fn list(&self) -> Vec<IpAddr> {
        match self {
            Self::Fixed(addresses) => addresses.clone(),
            Self::Reported(address) => vec![(*address).into()],
        }
    }
}

/// What nodes say with their answers: one lookup makes enough of them speak.
async fn reported(dht: &Dht) -> Result<Option<Ipv4Addr>, DhtError> {
    let info = dht.probe().await?;
    if info.public_address.is_some() {
        return Ok(info.public_address);
    }
    let Ok(any) = KeyPair::generate() else {
        return Ok(None);
    };
    let mut items = dht.get(&any.public()).await?.items;
    while items.next().await.is_some() {}
    Ok(dht.info().await.public_address)
}

/// The records that lead to a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRecords {
    /// Their name, the key included.
    pub name: Name<'static>,
    /// The port at the addresses.
    pub port: u16,
    /// The addresses.
    pub addresses: Addresses,
}

impl SiteRecords {
    /// What is to change under the key: an `HTTPS` record (RFC 9460) and the addresses. Other
    /// addresses at the name go, since the site is not there, and so does a `CNAME`, which stands
    /// alone or not at all (RFC 1034, section 3.6.2).
    ///
    /// # Errors
    /// [`RecordsError::Write`].
    pub fn changes(&self) -> Result<Changes, RecordsError> {
        let mut service = SVCB::new(1, Name::new_with_labels(&[]));
        let alpn = [H2, HTTP_11].map(simple_dns::CharacterString::new);
        let alpn = alpn.into_iter().collect::<Result<_, _>>()?;
        service.set_param(SVCParam::Alpn(alpn));
        if self.port != HTTPS_PORT {
            service.set_param(SVCParam::Port(self.port));
        }
        let service = RData::HTTPS(HTTPS(service));
        let addresses = self
            .addresses
            .list()
            .into_iter()
            .map(|address| match address {
                IpAddr::V4(address) => RData::A(A {
                    address: address.into(),
                }),
                IpAddr::V6(address) => RData::AAAA(AAAA {
                    address: address.into(),
                }),
            });
        let set = std::iter::once(service)
            .chain(addresses)
            .map(|data| record(self.name.clone(), DEFAULT_TTL, data))
            .collect();
        let remove = [TYPE::CNAME, TYPE::A, TYPE::AAAA]
            .map(|kind| (self.name.clone(), Some(kind)))
            .into();
        Ok(Changes {
            set,
            remove,
            ..Changes::default()
        })
    }

    /// Whether a record is one of these.
    pub fn has(&self, record: &Record) -> bool {
        let kinds = [TYPE::HTTPS, TYPE::A, TYPE::AAAA];
        record.name == self.name && kinds.contains(&record.rdata.type_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dht::DhtConfig, packet::owner_name, zone};

    fn changes(port: u16, addresses: &[&str]) -> Changes {
        let key = KeyPair::from_secret(&[1; 32]).public();
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        let records = SiteRecords {
            name: owner_name("www", &key).unwrap(),
            port,
            addresses: Addresses::Fixed(addresses.collect()),
        };
        records.changes().unwrap()
    }

    #[test]
    fn records_lead_to_the_site_and_nowhere_else() {
        let key = KeyPair::from_secret(&[1; 32]).public();
        let expected = zone::parse(
            "$TTL 300\nwww HTTPS 1 . alpn=h2,http/1.1 port=8443\nwww A 203.0.113.7\nwww AAAA 2001:db8::7",
            &key,
        );
        let changes = changes(8443, &["203.0.113.7", "2001:db8::7"]);
        assert_eq!(changes.set, expected.unwrap());
        for kind in [TYPE::CNAME, TYPE::A, TYPE::AAAA] {
            let name = owner_name("www", &key).unwrap();
            assert!(changes.remove.contains(&(name, Some(kind))), "{kind:?}");
        }
    }

    #[test]
    fn the_usual_port_is_left_out() {
        let key = KeyPair::from_secret(&[1; 32]).public();
        let expected = zone::parse("www 300 HTTPS 1 . alpn=h2,http/1.1", &key).unwrap();
        assert_eq!(changes(443, &[]).set, expected);
    }

    #[tokio::test]
    async fn what_is_given_goes_before_what_is_found_out() {
        let dht = Dht::new(DhtConfig {
            bootstrap: Vec::new(),
            ..DhtConfig::default()
        });
        let external = External {
            v4: Some(Ipv4Addr::new(203, 0, 113, 7)),
            v6: None,
        };
        let nothing = External::default();
        let find = async |given: &[IpAddr], external, listen: &str| {
            let listen = listen.parse().unwrap();
            Addresses::find(given, external, listen, &dht).await
        };
        let fixed = |text: &str| Addresses::Fixed(vec![text.parse().unwrap()]);
        let given = ["198.51.100.1".parse().unwrap()];
        let found = find(&given, external, "127.0.0.1:1").await.unwrap();
        assert_eq!(found, fixed("198.51.100.1"));
        let found = find(&[], external, "127.0.0.1:1").await.unwrap();
        assert_eq!(found, fixed("203.0.113.7"));
        for listen in ["127.0.0.1:1", "9.9.9.9:1", "192.168.1.7:1"] {
            let found = find(&[], nothing, listen).await.unwrap();
            assert_eq!(found, fixed(listen.trim_end_matches(":1")));
        }
        let error = find(&[], nothing, "[::]:1").await.unwrap_err();
        assert!(matches!(error, RecordsError::Dht(_)), "{error}");
    }
}
