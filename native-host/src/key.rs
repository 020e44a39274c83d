//! Keys, and the names made of them.
//!
//! A pkarr name is an Ed25519 public key. It is written as 52 characters of z-base-32, most
//! significant bit first; 52 × 5 = 260 bits carry the key's 256 and four padding bits that must be
//! zero, so a key ends in `y` or `o`. Other implementations ignore the padding and know 16
//! spellings of each key. Here there is exactly one, because names are compared, remembered and
//! made the border between origins.
//!
//! A *key host* is a host name whose last label is a key: `<key>`, `www.<key>`, `a.b.<key>`. The
//! owner of the key owns all of them.

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use url::{Host, Url};
use zeroize::Zeroizing;

/// The characters of z-base-32 in the order of their values.
const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// How many characters a written key has.
pub const KEY_CHARS: usize = 52;

/// Why a text or some bytes are not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key has 52 characters.
    #[error("a key has {KEY_CHARS} characters, this has {0}")]
    Length(usize),
    /// Not a character of z-base-32.
    #[error("{character:?} at position {position} is not a character of a key")]
    Character {
        /// The character found.
        character: char,
        /// Its place, counted from 1.
        position: usize,
    },
    /// The last character carries bits that must be zero.
    #[error("the last character of a key is y or o, not {0:?}")]
    Padding(char),
    /// The bytes are not a point on the curve.
    #[error("these characters are no public key: not a point on the curve")]
    NotAPoint,
    /// Anybody can sign for a key of small order.
    #[error("this key is of small order: anybody could sign for it")]
    SmallOrder,
    /// There is no key in the host name or address.
    #[error("the host name {0:?} does not end in a key")]
    NotAKeyHost(String),
    /// The address can't be read as one.
    #[error("this is not an address: {0}")]
    Address(#[from] url::ParseError),
}

/// An Ed25519 public key: a name that its owner can prove.
///
/// Always a point on the curve in its canonical encoding, never one of small order.
/// Written as 52 characters of z-base-32 by `Display` and read by `FromStr`, in either case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Takes the 32 bytes of a public key (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`] and [`KeyError::SmallOrder`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        Self::with_point(bytes).map(|(key, _)| key)
    }

    /// As [`PublicKey::from_bytes`], with the point it stands for, which takes time to find.
    pub(crate) fn with_point(bytes: &[u8; 32]) -> Result<(Self, VerifyingKey), KeyError> {
        // A y coordinate of p or more names the same point a second time.
        let canonical = bytes[31] & 0x7f != 0x7f
            || bytes[1..31].iter().any(|byte| *byte != 0xff)
            || bytes[0] < 0xed;
        if !canonical {
            return Err(KeyError::NotAPoint);
        }
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok((Self(*bytes), key))
    }

    /// The point on the curve.
    pub(crate) fn point(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(&self.0).ok()
    }

    /// The key's 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `signature` is this key's over `message`, by the strict rules (`verify_strict`).
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.point()
            .is_some_and(|point| verifies(&point, message, signature))
    }

    /// The key as people pass it on: `pk:` and 52 characters.
    pub fn to_uri(&self) -> String {
        format!("pk:{self}")
    }
}

/// Whether a signature is that of the key with this point.
pub(crate) fn verifies(point: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> bool {
    point
        .verify_strict(message, &Signature::from_bytes(signature))
        .is_ok()
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_bytes();
        let mut text = [0u8; KEY_CHARS];
        for (index, character) in text.iter_mut().enumerate() {
            let value = (0..5).fold(0, |value, offset| {
                let bit = index * 5 + offset;
                let set = bytes
                    .get(bit / 8)
                    .map_or(0, |byte| byte >> (7 - bit % 8) & 1);
                value << 1 | set
            });
            *character = ALPHABET[usize::from(value)];
        }
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    /// Reads the bare 52 characters; [`KeyAddress`] reads the other spellings.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&read_z32(text)?)
    }
}

/// Reads 52 characters of z-base-32 as 32 bytes, in either case; the padding must be zero.
pub(crate) fn read_z32(text: &str) -> Result<[u8; 32], KeyError> {
    let count = text.chars().count();
    if count != KEY_CHARS {
        return Err(KeyError::Length(count));
    }
    let mut bytes = [0u8; 32];
    for (index, character) in text.chars().enumerate() {
        let value = u8::try_from(character.to_ascii_lowercase())
            .ok()
            .and_then(|byte| ALPHABET.iter().position(|known| *known == byte))
            .ok_or(KeyError::Character {
                character,
                position: index + 1,
            })?;
        for offset in 0..5 {
            let bit = index * 5 + offset;
            if value >> (4 - offset) & 1 == 1 {
                match bytes.get_mut(bit / 8) {
                    Some(byte) => *byte |= 1 << (7 - bit % 8),
                    None => return Err(KeyError::Padding(character)),
                }
            }
        }
    }
    Ok(bytes)
}

/// A secret key and its public half: the right to sign for a name.
///
/// The secret is wiped from memory when the pair is dropped, and shown by no formatting.
#[derive(Clone)]
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// Makes a new key from the system's randomness.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut secret = Zeroizing::new([0u8; 32]);
        getrandom::fill(secret.as_mut())?;
        Ok(Self::from_secret(&secret))
    }

    /// Takes a 32-byte Ed25519 seed (RFC 8032, section 5.1.5).
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The 32-byte seed, wiped when dropped.
    pub fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half: the name.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.public())
    }
}

/// A host name whose last label is a key, in lower case and without a final dot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyHost {
    name: String,
    key: PublicKey,
}

impl KeyHost {
    /// Reads a host name such as `www.<key>` or `<key>.`, in either case.
    ///
    /// # Errors
    /// [`KeyError::NotAKeyHost`] when the last label is nothing like a key, and the key's own
    /// errors when it has the length of one.
    pub fn parse(host: &str) -> Result<Self, KeyError> {
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let not_a_key_host = || KeyError::NotAKeyHost(host.chars().take(300).collect());
        // RFC 1035, section 2.3.4: labels of 1 to 63 bytes, 255 in all on the wire.
        let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
        if !labels_fit || name.len() > 253 {
            return Err(not_a_key_host());
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.chars().count() != KEY_CHARS {
            return Err(not_a_key_host());
        }
        let key = last.parse()?;
        Ok(Self { name, key })
    }

    /// The host name: lower case, no final dot.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The key that owns the name.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl From<PublicKey> for KeyHost {
    /// The apex: the key alone.
    fn from(key: PublicKey) -> Self {
        Self {
            name: key.to_string(),
            key,
        }
    }
}

impl fmt::Display for KeyHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl fmt::Debug for KeyHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHost({})", self.name)
    }
}

/// A key in any accepted spelling, together with what follows it.
///
/// Accepted are the bare key host, `pk:<key>`, `pk://<key>/path`, `pubky<key>`, `pubky://<key>`
/// and every URL whose host is a key host, with spaces around and in either case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAddress {
    /// The key host in the address.
    pub host: KeyHost,
    /// The address as a URL; `http` where the spelling names no scheme of its own.
    pub url: Url,
}

impl KeyAddress {
    /// Reads any accepted spelling.
    ///
    /// # Errors
    /// [`KeyError`] with the reason.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let url = match Self::without_prefix(text) {
            Some(rest) => Url::parse(&format!("http://{rest}"))?,
            None => Url::parse(text)?,
        };
        let host = match url.host() {
            Some(Host::Domain(host)) => KeyHost::parse(host)?,
            _ => {
                return Err(KeyError::NotAKeyHost(
                    url.as_str().chars().take(300).collect(),
                ));
            }
        };
        Ok(Self { host, url })
    }

    /// What follows the prefixes that stand for `http://`; `None` for a URL with its own scheme.
    fn without_prefix(text: &str) -> Option<&str> {
        for prefix in ["pk://", "pk:", "pubky://"] {
            if let Some((head, rest)) = text.split_at_checked(prefix.len())
                && head.eq_ignore_ascii_case(prefix)
            {
                return Some(rest);
            }
        }
        if text.contains("://") {
            return None;
        }
        // `pubky<key>` has no colon; a key host never has a last label that long.
        if let Some((head, rest)) = text.split_at_checked(5)
            && head.eq_ignore_ascii_case("pubky")
            && rest.split(['/', '?', '#', ':']).next().map(str::len) == Some(KEY_CHARS)
        {
            return Some(rest);
        }
        Some(text)
    }
}

impl FromStr for KeyAddress {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

    #[test]
    fn each_key_has_one_spelling() {
        let key: PublicKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        assert_eq!(KEY.to_uppercase().parse::<PublicKey>().unwrap(), key);
        // The other 15 last characters with the same first bit decode to the same bytes elsewhere.
        for last in ALPHABET[1..16].iter().map(|byte| char::from(*byte)) {
            let spelling = format!("{}{last}", &KEY[..51]);
            assert_eq!(
                spelling.parse::<PublicKey>().unwrap_err(),
                KeyError::Padding(last)
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!("abc".parse::<PublicKey>().unwrap_err(), KeyError::Length(3));
        assert_eq!(
            format!("{}v{}", &KEY[..9], &KEY[10..])
                .parse::<PublicKey>()
                .unwrap_err(),
            KeyError::Character {
                character: 'v',
                position: 10
            }
        );
        // The neutral element, and the point of order two.
        let mut neutral = [0u8; 32];
        neutral[0] = 1;
        assert_eq!(
            PublicKey::from_bytes(&neutral).unwrap_err(),
            KeyError::SmallOrder
        );
        assert_eq!(
            PublicKey::from_bytes(&[0xff; 32]).unwrap_err(),
            KeyError::NotAPoint
        );
        let mut off_curve = [0u8; 32];
        off_curve[0] = 2;
        assert_eq!(
            PublicKey::from_bytes(&off_curve).unwrap_err(),
            KeyError::NotAPoint
        );
    }

    #[test]
    fn key_hosts() {
        for (host, name) in [
            (KEY.to_owned(), KEY.to_owned()),
            (format!("{KEY}."), KEY.to_owned()),
            (format!("WWW.{}", KEY.to_uppercase()), format!("www.{KEY}")),
            (format!("a.b.{KEY}."), format!("a.b.{KEY}")),
            (format!("_pubky.{KEY}"), format!("_pubky.{KEY}")),
        ] {
            assert_eq!(KeyHost::parse(&host).unwrap().as_str(), name);
        }
        for host in [
            "",
            ".",
            "example.com",
            &format!("{KEY}.com"),
            &format!(".{KEY}"),
            &format!("a..{KEY}"),
            &format!("{KEY}.."),
            &format!("{}.{KEY}", "x".repeat(64)),
        ] {
            assert!(
                matches!(KeyHost::parse(host), Err(KeyError::NotAKeyHost(_))),
                "{host}"
            );
        }
        assert!(matches!(
            KeyHost::parse(&format!("www.{}z", &KEY[..51])),
            Err(KeyError::Padding('z'))
        ));
    }

    #[test]
    fn accepted_spellings() {
        let http = |rest: &str| format!("http://{KEY}{rest}");
        for (spelling, url) in [
            (KEY.to_owned(), http("/")),
            (format!("  {KEY}\n"), http("/")),
            (format!("{KEY}/path?q#f"), http("/path?q#f")),
            (format!("pk:{KEY}"), http("/")),
            (format!("PK:{}", KEY.to_uppercase()), http("/")),
            (format!("pk:{KEY}/path"), http("/path")),
            (format!("pk://{KEY}/path"), http("/path")),
            (format!("pk:www.{KEY}"), format!("http://www.{KEY}/")),
            (format!("pubky{KEY}"), http("/")),
            (format!("pubky{KEY}/a"), http("/a")),
            (format!("pubky://{KEY}/pub/x"), http("/pub/x")),
            (format!("{KEY}:8080/"), http(":8080/")),
            (format!("https://{KEY}/"), format!("https://{KEY}/")),
        ] {
            let address = KeyAddress::parse(&spelling).unwrap();
            assert_eq!(address.url.as_str(), url, "{spelling}");
            assert_eq!(address.host.key().to_string(), KEY);
        }
        let tricky = format!("https://u:p@www.{KEY}:8080/@example.com");
        assert_eq!(
            KeyAddress::parse(&tricky).unwrap().host.as_str(),
            format!("www.{KEY}")
        );
        for text in [
            format!("http://example.com/{KEY}"),
            format!("http://{KEY}@example.com/"),
            format!("https://{KEY}.example.com"),
            format!("pk:{KEY}.com"),
            format!("pkk:{KEY}"),
            "data:text/plain,x".to_owned(),
            String::new(),
        ] {
            assert!(KeyAddress::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let pair = KeyPair::from_secret(&[7; 32]);
        assert_eq!(format!("{pair:?}"), format!("KeyPair({})", pair.public()));
    }

    proptest! {
        #[test]
        fn written_keys_are_read_back(secret: [u8; 32]) {
            let key = KeyPair::from_secret(&secret).public();
            let text = key.to_string();
            prop_assert_eq!(text.len(), KEY_CHARS);
            prop_assert!(text.ends_with(['y', 'o']));
            prop_assert_eq!(text.parse::<PublicKey>().unwrap(), key);
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "[ybndrfg8ejkmcpqxot1uwisza345h769]{51}[a-z0-9]") {
            if let Ok(key) = text.parse::<PublicKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,300}") {
            let _ = KeyAddress::parse(&text);
            let _ = KeyHost::parse(&text);
        }

        #[test]
        fn key_hosts_are_stable(label in "[a-z0-9_-]{1,63}", secret: [u8; 32]) {
            let key = KeyPair::from_secret(&secret).public();
            let host = KeyHost::parse(&format!("{label}.{key}")).unwrap();
            prop_assert_eq!(KeyHost::parse(host.as_str()).unwrap(), host.clone());
            prop_assert_eq!(host.key(), &key);
        }
    }
}
