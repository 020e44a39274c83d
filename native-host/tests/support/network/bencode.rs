//! Bencoding (BEP 3), in both directions. Written apart from the program's own codec, as a second
//! opinion of it.

use std::collections::BTreeMap;

/// How deep lists and dictionaries may lie in each other.
const MAX_DEPTH: usize = 16;

/// Anything that can be bencoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Dict(Dict),
}

/// A dictionary, whose keys stand in their order.
pub(crate) type Dict = BTreeMap<Vec<u8>, Value>;

impl Value {
    pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }

    /// A dictionary of these entries.
    pub(crate) fn dict<const N: usize>(entries: [(&str, Value); N]) -> Self {
        let entries = entries.map(|(key, value)| (key.as_bytes().to_vec(), value));
        Self::Dict(Dict::from(entries))
    }

    /// An entry of a dictionary, at any depth: `["r", "id"]`.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Value> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        let Self::Dict(entries) = self else {
            return None;
        };
        entries.get(first.as_bytes())?.at(rest)
    }

    /// The same, to be changed. It has to be there.
    pub(crate) fn at_mut(&mut self, path: &[&str]) -> &mut Value {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        let Self::Dict(entries) = self else {
            panic!("no dictionary");
        };
        entries.get_mut(first.as_bytes()).unwrap().at_mut(rest)
    }

    /// Adds or replaces an entry of a dictionary.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        let Self::Dict(entries) = self else {
            panic!("no dictionary");
        };
        entries.insert(key.as_bytes().to_vec(), value);
    }

    /// Takes an entry out of a dictionary.
    pub(crate) fn unset(&mut self, key: &str) -> Option<Value> {
        let Self::Dict(entries) = self else {
            panic!("no dictionary");
        };
        entries.remove(key.as_bytes())
    }

    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// So many bytes exactly.
    pub(crate) fn as_array<const N: usize>(&self) -> Option<[u8; N]> {
        self.as_bytes()?.try_into().ok()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut into = Vec::new();
        self.write(&mut into);
        into
    }

    fn write(&self, into: &mut Vec<u8>) {
        match self {
            Self::Int(number) => into.extend(format!("i{number}e").bytes()),
            Self::Bytes(bytes) => write_bytes(bytes, into),
            Self::List(values) => {
                into.push(b'l');
                values.iter().for_each(|value| value.write(into));
                into.push(b'e');
            }
            Self::Dict(entries) => {
                into.push(b'd');
                for (key, value) in entries {
                    write_bytes(key, into);
                    value.write(into);
                }
                into.push(b'e');
            }
        }
    }

    /// Reads bytes that hold one value and nothing after it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (value, rest) = read(bytes, MAX_DEPTH)?;
        rest.is_empty().then_some(value)
    }
}

fn write_bytes(bytes: &[u8], into: &mut Vec<u8>) {
    into.extend(format!("{}:", bytes.len()).bytes());
    into.extend(bytes);
}

fn read(bytes: &[u8], depth: usize) -> Option<(Value, &[u8])> {
    match bytes.first()? {
        b'i' => {
            let end = bytes.iter().position(|byte| *byte == b'e')?;
            let number = std::str::from_utf8(&bytes[1..end]).ok()?.parse().ok()?;
            Some((Value::Int(number), &bytes[end + 1..]))
        }
        b'l' => {
            let (mut values, mut rest) = (Vec::new(), &bytes[1..]);
            while *rest.first()? != b'e' {
                let (value, after) = read(rest, depth.checked_sub(1)?)?;
                values.push(value);
                rest = after;
            }
            Some((Value::List(values), &rest[1..]))
        }
        b'd' => {
            let (mut entries, mut rest) = (Dict::new(), &bytes[1..]);
            while *rest.first()? != b'e' {
                let (key, after) = read_bytes(rest)?;
                let (value, after) = read(after, depth.checked_sub(1)?)?;
                entries.insert(key.to_vec(), value);
                rest = after;
            }
            Some((Value::Dict(entries), &rest[1..]))
        }
        _ => read_bytes(bytes).map(|(read, rest)| (Value::bytes(read), rest)),
    }
}

fn read_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    bytes[colon + 1..].split_at_checked(length)
}
