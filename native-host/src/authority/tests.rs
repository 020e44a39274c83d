use std::{net::Ipv4Addr, thread};

use rcgen::GeneralSubtree;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::ring,
    pki_types::{ServerName, UnixTime},
};
use tempfile::TempDir;

use super::*;

fn roots() -> (TempDir, Roots) {
    let folder = tempfile::tempdir().unwrap();
    let roots = Roots::new(folder.path().join("https"));
    (folder, roots)
}

fn host(label: &str) -> KeyHost {
    let key = KeyPair::from_secret(&[7; 32]).public();
    KeyHost::parse(&format!("{label}{key}")).unwrap()
}

/// What a program that trusts `authority` thinks of `leaf` as the certificate of `name`.
fn judge(
    authority: &Authority,
    leaf: &CertifiedKey,
    name: &str,
    now: SystemTime,
) -> Result<(), rustls::Error> {
    let mut trusted = RootCertStore::empty();
    trusted.add(authority.certificate_der().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(trusted), provider)
        .build()
        .unwrap();
    let now = UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap());
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier
        .verify_server_cert(&leaf.cert[0], &[], &name, &[], now)
        .map(|_| ())
}

#[test]
fn key_hosts_are_vouched_for() {
    let (_folder, roots) = roots();
    let authority = roots.create().unwrap();
    let now = SystemTime::now();
    let long = format!("{0}.{0}.{0}.", "a".repeat(63));
    for host in ["", "www.", "a.b.", "_x.", "xn--bcher-kva.", &long].map(host) {
        let leaf = authority.leaf(&host).unwrap();
        judge(&authority, &leaf, host.as_str(), now).unwrap();
        assert!(judge(&authority, &leaf, &format!("x.{host}"), now).is_err());
        assert!(judge(&authority, &leaf, authority.probe().as_str(), now).is_err());
    }
    for host in ["*.", "ü.", "a b."].map(host) {
        assert!(matches!(
            authority.leaf(&host),
            Err(AuthorityError::Name(refused)) if refused == host
        ));
    }
}

#[test]
fn nothing_else_can_be() {
    let (_folder, roots) = roots();
    let authority = roots.create().unwrap();
    let now = SystemTime::now();
    let key = host("");
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    for name in [
        "example.com",
        "www.bank.de",
        "xn--e1afmkfd.xn--p1ai",
        "localhost",
        "pkarr.localhost",
        "printer.local",
        "router.lan",
        "wiki.corp",
        "1.0.0.127.in-addr.arpa",
        "site.onion",
    ] {
        let stolen = authority.sign(vec![dns(name)], now).unwrap();
        assert!(judge(&authority, &stolen, name, now).is_err(), "{name}");
        // Nor together with a key, for either of them.
        let stolen = authority
            .sign(vec![dns(key.as_str()), dns(name)], now)
            .unwrap();
        assert!(judge(&authority, &stolen, name, now).is_err(), "{name}");
        assert!(judge(&authority, &stolen, key.as_str(), now).is_err());
    }
    for address in [
        Ipv4Addr::new(192, 0, 2, 1).into(),
        Ipv4Addr::LOCALHOST.into(),
        "2001:db8::1".parse().unwrap(),
    ] {
        let stolen = authority
            .sign(vec![SanType::IpAddress(address)], now)
            .unwrap();
        assert!(judge(&authority, &stolen, &address.to_string(), now).is_err());
    }
}

#[test]
fn a_certificate_lasts_90_days_and_never_longer_than_the_root() {
    let (_folder, roots) = roots();
    let authority = roots.create().unwrap();
    let now = SystemTime::now();
    let leaf = authority.leaf_at(&host(""), now).unwrap();
    let name = host("").to_string();
    judge(&authority, &leaf, &name, now - HOUR / 2).unwrap();
    judge(&authority, &leaf, &name, now + DAY * 89).unwrap();
    assert!(judge(&authority, &leaf, &name, now + DAY * 91).is_err());

    // It is remembered for a month, and not when the clock was put back.
    let again = |at| authority.leaf_at(&host(""), at).unwrap();
    assert!(Arc::ptr_eq(&leaf, &again(now + DAY * 29)));
    assert!(!Arc::ptr_eq(&leaf, &again(now + DAY * 31)));
    assert!(!Arc::ptr_eq(&again(now + DAY * 31), &again(now)));

    let last = authority.not_after() - HOUR;
    let leaf = authority.leaf_at(&host("late."), last).unwrap();
    let (_, parsed) = parse_x509_certificate(&leaf.cert[0]).unwrap();
    let end: SystemTime = parsed.validity().not_after.to_datetime().into();
    assert_eq!(end, authority.not_after());
    assert!(matches!(
        authority.leaf_at(&host(""), authority.not_after()),
        Err(AuthorityError::Ended)
    ));
}

#[test]
fn a_root_is_renewed_before_its_end_or_when_the_list_has_changed() {
    let (_folder, roots) = roots();
    let authority = roots.create().unwrap();
    let now = SystemTime::now();
    assert!(!authority.needs_renewal(now));
    assert!(!authority.needs_renewal(now + DAY * 334));
    assert!(authority.needs_renewal(now + DAY * 336));
    assert!(authority.not_after() > now + DAY * 364);
    assert!(authority.not_after() < now + DAY * 366);

    let with = |change: &dyn Fn(&mut Vec<GeneralSubtree>)| {
        let key = CertificateKey::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.not_after = (now + ROOT_LIFE).into();
        let mut other = constraints::extension();
        change(&mut other.excluded_subtrees);
        params.name_constraints = Some(other);
        let text = key.serialize_pem() + &params.self_signed(&key).unwrap().pem();
        Authority::read(text.as_bytes(), PathBuf::new()).unwrap()
    };
    assert!(!with(&|_| {}).needs_renewal(now));
    assert!(with(&|excluded| drop(excluded.remove(17))).needs_renewal(now));
    assert!(with(&|excluded| drop(excluded.pop())).needs_renewal(now));
    // One with a longer list, of a newer version, is left alone by this one.
    let more = |excluded: &mut Vec<_>| excluded.push(GeneralSubtree::DnsName("newer".to_owned()));
    assert!(!with(&more).needs_renewal(now));
}

#[test]
fn the_root_is_kept_and_is_its_owners_alone() {
    let (folder, roots) = roots();
    assert!(roots.current().unwrap().is_none());
    let authority = roots.create().unwrap();
    assert!(Arc::ptr_eq(&roots.current().unwrap().unwrap(), &authority));
    assert!(Arc::ptr_eq(&roots.create().unwrap(), &authority));

    let other = Roots::new(folder.path().join("https"));
    let same = other.current().unwrap().unwrap();
    assert_eq!(same.fingerprint(), authority.fingerprint());
    assert_eq!(same.probe(), authority.probe());
    let copy = std::fs::read_to_string(same.file()).unwrap();
    assert_eq!(copy, authority.certificate_pem());
    assert!(!copy.contains("PRIVATE"));
    #[cfg(unix)]
    for (name, mode) in [("", 0o700), ("root.key", 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join("https").join(name);
        let found = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{name}");
    }

    // Another process replaces it, and deletes it.
    let new = other.replace().unwrap();
    assert_ne!(new.fingerprint(), authority.fingerprint());
    assert_ne!(new.probe(), authority.probe());
    let seen = roots.current().unwrap().unwrap();
    assert_eq!(seen.fingerprint(), new.fingerprint());
    other.delete().unwrap();
    assert!(roots.current().unwrap().is_none());
    assert!(!folder.path().join("https").exists());
    roots.delete().unwrap();
}

#[test]
fn two_at_once_end_with_one_root() {
    let (folder, _) = roots();
    let makers: Vec<_> = (0..4)
        .map(|_| {
            let roots = Roots::new(folder.path().join("https"));
            thread::spawn(move || roots.create().unwrap().fingerprint())
        })
        .collect();
    let mut made: Vec<_> = makers.into_iter().map(|m| m.join().unwrap()).collect();
    made.dedup();
    assert_eq!(made.len(), 1);
}

#[test]
fn what_is_damaged_is_told_and_made_anew() {
    let (folder, roots) = roots();
    let path = folder.path().join("https/root.key");
    let first = roots.create().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let alien = Authority::mint(SystemTime::now()).unwrap();
    let certificate = text.find(CERTIFICATE_START).unwrap();
    for damaged in [
        "",
        "x",
        &text[..certificate],
        &text[..text.len() / 2],
        &(text[..certificate].to_owned() + &alien[alien.find(CERTIFICATE_START).unwrap()..]),
    ] {
        std::fs::write(&path, damaged).unwrap();
        assert!(matches!(
            roots.current(),
            Err(AuthorityError::Damaged(file)) if file == path
        ));
    }
    let second = roots.create().unwrap();
    assert_ne!(first.fingerprint(), second.fingerprint());
    assert_eq!(
        std::fs::read_to_string(second.file()).unwrap(),
        second.certificate_pem()
    );
}
