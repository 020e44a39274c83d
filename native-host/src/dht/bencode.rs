//! Bencoding (BEP 3), read where it lies.
//!
//! Messages come from anybody, a hundred thousand in an hour, and few of their fields are of
//! interest. The reader walks over a datagram without copying, never deeper than [`MAX_DEPTH`] and
//! without recursion, so that no bytes can make it use more than their own length. It gives the
//! exact bytes of a value, too: signatures of BEP 44 are over these. Keys of a dictionary may come in
//! any order, because some nodes send them so. The crates there are copy into trees, recurse without
//! a bound, or insist on the order.

/// How deep lists and dictionaries may be nested; messages of the DHT need four.
pub(super) const MAX_DEPTH: usize = 8;

/// The bytes are not bencoded, or nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Integer,
    List,
    Dictionary,
}

/// A place in bencoded bytes.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// What comes next.
    pub(super) fn kind(&self) -> Result<Kind, Malformed> {
        match self.bytes.get(self.at) {
            Some(b'0'..=b'9') => Ok(Kind::Bytes),
            Some(b'i') => Ok(Kind::Integer),
            Some(b'l') => Ok(Kind::List),
            Some(b'd') => Ok(Kind::Dictionary),
            _ => Err(Malformed),
        }
    }

    /// A string of bytes.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let mut length = 0usize;
        let start = self.at;
        loop {
            match self.next()? {
                digit @ b'0'..=b'9' if self.at - start <= 6 => {
                    length = length * 10 + usize::from(digit - b'0');
                }
                b':' if self.at - start > 1 => break,
                _ => return Err(Malformed),
            }
        }
        let end = self.at.checked_add(length).ok_or(Malformed)?;
        let bytes = self.bytes.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(bytes)
    }

    /// An integer of 64 bits.
    pub(super) fn integer(&mut self) -> Result<i64, Malformed> {
        if self.next()? != b'i' {
            return Err(Malformed);
        }
        let start = self.at;
        while self.next()? != b'e' {
            if self.at - start > 20 {
                return Err(Malformed);
            }
        }
        let digits = self.bytes.get(start..self.at - 1).ok_or(Malformed)?;
        let first = digits.iter().find(|byte| **byte != b'-');
        if !first.is_some_and(u8::is_ascii_digit) {
            return Err(Malformed);
        }
        std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or(Malformed)
    }

    /// Steps into a dictionary; its entries are read with [`Reader::key`].
    pub(super) fn enter_dictionary(&mut self) -> Result<(), Malformed> {
        self.enter(b'd')
    }

    /// Steps into a list; whether another element follows says [`Reader::has_more`].
    pub(super) fn enter_list(&mut self) -> Result<(), Malformed> {
        self.enter(b'l')
    }

    /// The key of the next entry, or `None` after the last.
    pub(super) fn key(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        if self.has_more()? {
            self.bytes().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Whether the list or dictionary goes on; steps out of it where it doesn't.
    pub(super) fn has_more(&mut self) -> Result<bool, Malformed> {
        match self.bytes.get(self.at) {
            Some(b'e') => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Ok(true),
            None => Err(Malformed),
        }
    }

    /// The exact bytes of the next value, whatever it is.
    pub(super) fn raw(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        self.skip()?;
        self.bytes.get(start..self.at).ok_or(Malformed)
    }

    /// Steps over the next value.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        #[derive(Clone, Copy, PartialEq)]
        enum Inside {
            List,
            Key,
            Value,
        }
        let mut stack = [Inside::List; MAX_DEPTH];
        let mut depth = 0usize;
        loop {
            let inside = depth.checked_sub(1).and_then(|top| stack.get_mut(top));
            let ends = self.bytes.get(self.at) == Some(&b'e');
            match inside {
                Some(Inside::List | Inside::Key) if ends => {
                    self.at += 1;
                    depth -= 1;
                }
                Some(turn @ Inside::Key) => {
                    self.bytes()?;
                    *turn = Inside::Value;
                    continue;
                }
                _ => {
                    let next = match self.kind()? {
                        Kind::Bytes => {
                            self.bytes()?;
                            None
                        }
                        Kind::Integer => {
                            self.integer()?;
                            None
                        }
                        Kind::List => Some(Inside::List),
                        Kind::Dictionary => Some(Inside::Key),
                    };
                    if let Some(next) = next {
                        self.at += 1;
                        *stack.get_mut(depth).ok_or(Malformed)? = next;
                        depth += 1;
                        continue;
                    }
                }
            }
            // A value has ended, of what it is in.
            match depth.checked_sub(1).and_then(|top| stack.get_mut(top)) {
                None => return Ok(()),
                Some(turn @ Inside::Value) => *turn = Inside::Key,
                Some(_) => {}
            }
        }
    }

    fn enter(&mut self, sign: u8) -> Result<(), Malformed> {
        if self.next()? == sign {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    fn next(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }
}

/// The string that these bytes encode, if they are one and nothing else.
pub(super) fn as_bytes(raw: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(raw);
    let bytes = reader.bytes().ok()?;
    (reader.at == raw.len()).then_some(bytes)
}

/// Writes a string of bytes.
pub(super) fn write_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(bytes.len().to_string().as_bytes());
    to.push(b':');
    to.extend_from_slice(bytes);
}

/// Writes an integer.
pub(super) fn write_integer(to: &mut Vec<u8>, number: i64) {
    to.push(b'i');
    to.extend_from_slice(number.to_string().as_bytes());
    to.push(b'e');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_stepped_over_whole() {
        for raw in [
            "0:",
            "3:abc",
            "i0e",
            "i-12e",
            "le",
            "de",
            "li1e2:abe",
            "d1:ai1e1:bl1:cee",
            "llleee",
        ] {
            let bytes = format!("{raw}5:after");
            let mut reader = Reader::new(bytes.as_bytes());
            assert_eq!(reader.raw(), Ok(raw.as_bytes()), "{raw}");
            assert_eq!(reader.bytes(), Ok(&b"after"[..]), "{raw}");
        }
    }

    #[test]
    fn what_is_not_bencoded_is_refused() {
        let deep = format!("{}{}", "l".repeat(MAX_DEPTH + 1), "e".repeat(MAX_DEPTH + 1));
        for raw in [
            "",
            ":",
            "4:abc",
            "99999999999:a",
            "1",
            "ie",
            "i-e",
            "i+1e",
            "i1",
            "i99999999999999999999e",
            "l",
            "li1e",
            "d1:ae",
            "di1ei2ee",
            "d1:a",
            "e",
            "x",
            &deep,
        ] {
            assert_eq!(Reader::new(raw.as_bytes()).skip(), Err(Malformed), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            _ = Reader::new(&bytes).raw();
        }

        #[test]
        fn what_looks_like_bencoding_is_survived(text in "[dli0-9e:a-]{0,200}") {
            if let Ok(raw) = Reader::new(text.as_bytes()).raw() {
                prop_assert_eq!(Reader::new(raw).raw(), Ok(raw));
            }
        }

        #[test]
        fn numbers_and_strings_come_back(number: i64, bytes: Vec<u8>) {
            let mut written = Vec::new();
            write_integer(&mut written, number);
            write_bytes(&mut written, &bytes);
            let mut reader = Reader::new(&written);
            prop_assert_eq!(reader.integer(), Ok(number));
            prop_assert_eq!(reader.bytes(), Ok(&bytes[..]));
        }
    }
}
