//! From zone text to words: comments, quotes, escapes, and lines joined by parentheses.

use std::{
    iter::Peekable,
    str::{Chars, FromStr},
};

use simple_dns::CharacterString;

/// What is wrong with a zone text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct ZoneError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: ZoneErrorKind,
}

/// What is wrong with a zone text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneErrorKind {
    /// A quote or a parenthesis that was opened is not closed.
    #[error("{0} is not closed")]
    Unclosed(char),
    /// A closing parenthesis without an opening one.
    #[error("there is no ( to this )")]
    Unopened,
    /// `\` must be followed by a character or three digits up to 255.
    #[error("a \\ must be followed by a character or by three digits up to 255")]
    Escape,
    /// A directive other than `$TTL` and `$ORIGIN`.
    #[error("{0} is not supported; $TTL and $ORIGIN are")]
    Directive(String),
    /// The first record has no name, and there is none before it to repeat.
    #[error("a record that begins with a space repeats the name before it, and there is none")]
    NoOwner,
    /// Not a domain name.
    #[error("{0:?} is not a domain name")]
    Name(String),
    /// Neither a TTL, nor a class, nor a type known here.
    #[error("{0:?} is not a record type known here")]
    Type(String),
    /// A class other than `IN`.
    #[error("the class {0} does not exist here; leave it out or write IN")]
    Class(String),
    /// Something is missing at the end of a record.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something is too much at the end of a record.
    #[error("{0:?} is too much here")]
    Surplus(String),
    /// A variable for an address of this machine that is not known.
    #[error("{0} is not known on this machine; name the address in the settings")]
    Unknown(String),
    /// A part of the data that can't be read.
    #[error("{found:?} is not {expected}")]
    Value {
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
}

/// A word of the text, escapes not yet read.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) quoted: bool,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Token {
    pub(super) fn error(&self, kind: ZoneErrorKind) -> ZoneError {
        ZoneError {
            line: self.line,
            column: self.column,
            kind,
        }
    }

    pub(super) fn value<T: FromStr>(&self, expected: &'static str) -> Result<T, ZoneError> {
        self.text.parse().map_err(|_| self.unlike(expected))
    }

    pub(super) fn unlike(&self, expected: &'static str) -> ZoneError {
        self.error(ZoneErrorKind::Value {
            found: self.text.clone(),
            expected,
        })
    }

    /// The bytes of the word with its escapes read (RFC 1035, section 5.1).
    pub(super) fn bytes(&self) -> Result<Vec<u8>, ZoneError> {
        let mut bytes = Vec::with_capacity(self.text.len());
        let mut rest = self.text.as_bytes().iter().copied();
        while let Some(byte) = rest.next() {
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            let escape = || self.error(ZoneErrorKind::Escape);
            match rest.next().ok_or_else(escape)? {
                digit @ b'0'..=b'9' => {
                    let mut number = u16::from(digit - b'0');
                    for _ in 0..2 {
                        let digit = rest.next().filter(u8::is_ascii_digit).ok_or_else(escape)?;
                        number = number * 10 + u16::from(digit - b'0');
                    }
                    bytes.push(u8::try_from(number).map_err(|_| escape())?);
                }
                other => bytes.push(other),
            }
        }
        Ok(bytes)
    }

    pub(super) fn string(&self) -> Result<CharacterString<'static>, ZoneError> {
        let bytes = self.bytes()?;
        CharacterString::new(&bytes)
            .map(CharacterString::into_owned)
            .map_err(|_| self.unlike("a text of at most 255 bytes"))
    }
}

/// The words of one record or directive.
pub(super) struct Entry {
    /// Whether it begins with a space, and so repeats the name before.
    pub(super) indented: bool,
    pub(super) tokens: Vec<Token>,
}

/// Splits the text into words and these into entries: one a line, more lines in parentheses.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, ZoneError> {
    let mut scanner = Scanner {
        chars: text.chars().peekable(),
        line: 1,
        column: 1,
    };
    let mut entries = Vec::new();
    let mut current = Vec::new();
    let mut indented = false;
    let mut fresh = true;
    let mut open: Option<(usize, usize)> = None;
    while let Some(next) = scanner.chars.peek().copied() {
        let (line, column) = (scanner.line, scanner.column);
        let here = |kind| ZoneError { line, column, kind };
        match next {
            '\n' if open.is_none() => {
                scanner.next();
                if !current.is_empty() {
                    let tokens = std::mem::take(&mut current);
                    entries.push(Entry { indented, tokens });
                }
                fresh = true;
                continue;
            }
            ';' => {
                while scanner.chars.peek().is_some_and(|c| *c != '\n') {
                    scanner.next();
                }
            }
            '(' => {
                scanner.next();
                open = Some((line, column));
            }
            ')' => {
                scanner.next();
                open.take().ok_or_else(|| here(ZoneErrorKind::Unopened))?;
            }
            space if space.is_whitespace() => {
                scanner.next();
                if fresh {
                    indented = true;
                }
                fresh = false;
                continue;
            }
            _ => {
                if fresh {
                    indented = false;
                }
                current.push(scanner.word()?);
            }
        }
        fresh = false;
    }
    if let Some((line, column)) = open {
        let kind = ZoneErrorKind::Unclosed('(');
        return Err(ZoneError { line, column, kind });
    }
    if !current.is_empty() {
        entries.push(Entry {
            indented,
            tokens: current,
        });
    }
    Ok(entries)
}

struct Scanner<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
    column: usize,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next()?;
        if next == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(next)
    }

    /// A word; quotes may begin inside it (`alpn="h2"`).
    fn word(&mut self) -> Result<Token, ZoneError> {
        let mut token = Token {
            text: String::new(),
            quoted: self.chars.peek() == Some(&'"'),
            line: self.line,
            column: self.column,
        };
        let mut within: Option<(usize, usize)> = None;
        while let Some(next) = self.chars.peek().copied() {
            let ends = next.is_whitespace() || matches!(next, ';' | '(' | ')');
            if within.is_none() && ends {
                break;
            }
            if next == '\n' {
                break;
            }
            let place = (self.line, self.column);
            self.next();
            match next {
                '"' if within.take().is_some() => {
                    // Two quoted words may touch.
                    if token.quoted {
                        break;
                    }
                }
                '"' => within = Some(place),
                '\\' => {
                    token.text.push('\\');
                    match self.chars.peek() {
                        None | Some('\n') => return Err(token.error(ZoneErrorKind::Escape)),
                        Some(_) => token.text.extend(self.next()),
                    }
                }
                other => token.text.push(other),
            }
        }
        if let Some((line, column)) = within {
            let kind = ZoneErrorKind::Unclosed('"');
            return Err(ZoneError { line, column, kind });
        }
        Ok(token)
    }
}

/// The words of an entry, taken one by one.
pub(super) struct Words {
    rest: std::vec::IntoIter<Token>,
    /// Where the last word ended, for what is missing after it.
    line: usize,
    column: usize,
}

impl Words {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        Self {
            rest: tokens.into_iter(),
            line: 1,
            column: 1,
        }
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.rest.as_slice().first()
    }

    pub(super) fn next(&mut self, what: &'static str) -> Result<Token, ZoneError> {
        let token = self.rest.next().ok_or(ZoneError {
            line: self.line,
            column: self.column,
            kind: ZoneErrorKind::Missing(what),
        })?;
        self.line = token.line;
        self.column = token.column + token.text.chars().count();
        Ok(token)
    }

    pub(super) fn end(&mut self) -> Result<(), ZoneError> {
        match self.rest.next() {
            None => Ok(()),
            Some(token) => Err(token.error(ZoneErrorKind::Surplus(token.text.clone()))),
        }
    }
}
