//! Messages on the pipe: a length of 32 bits in the machine's byte order, then the bytes.
//!
//! The length comes from outside, so both directions are bounded. A message that is too long is
//! skipped without being kept, and reported as such; the next one is read as if nothing happened.

use std::io;

use byteorder::{ByteOrder, NativeEndian};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// The most bytes of a message from the browser. Requests are short; more is a mistake.
pub const MAX_INCOMING: usize = 64 * 1024;

/// The most bytes of a message to the browser; browsers close the pipe on more.
pub const MAX_OUTGOING: usize = 1024 * 1024;

const LENGTH: usize = 4;

/// What came over the pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A whole message.
    Message(Bytes),
    /// A message of this many bytes, too many, which was skipped.
    TooLong(usize),
}

/// The codec for both directions.
#[derive(Debug, Default)]
pub struct Framing {
    /// Bytes of a message that is too long and still to be skipped.
    skip: usize,
}

impl Decoder for Framing {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, source: &mut BytesMut) -> io::Result<Option<Frame>> {
        let skipped = self.skip.min(source.len());
        source.advance(skipped);
        self.skip -= skipped;
        if self.skip > 0 || source.len() < LENGTH {
            return Ok(None);
        }
        let length = NativeEndian::read_u32(source) as usize;
        if length > MAX_INCOMING {
            source.advance(LENGTH);
            self.skip = length;
            return Ok(Some(Frame::TooLong(length)));
        }
        if source.len() < LENGTH + length {
            source.reserve(LENGTH + length - source.len());
            return Ok(None);
        }
        source.advance(LENGTH);
        Ok(Some(Frame::Message(source.split_to(length).freeze())))
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> io::Result<Option<Frame>> {
        let frame = self.decode(source)?;
        if frame.is_none() {
            // Half a message at the end is a browser that went away; nobody waits for an answer.
            source.clear();
        }
        Ok(frame)
    }
}

impl Encoder<Vec<u8>> for Framing {
    type Error = io::Error;

    fn encode(&mut self, message: Vec<u8>, target: &mut BytesMut) -> io::Result<()> {
        if message.len() > MAX_OUTGOING {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a message to the browser is too long",
            ));
        }
        let mut length = [0; LENGTH];
        NativeEndian::write_u32(&mut length, message.len() as u32);
        target.reserve(LENGTH + message.len());
        target.put_slice(&length);
        target.put_slice(&message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(message: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::new();
        Framing::default()
            .encode(message.to_vec(), &mut bytes)
            .unwrap();
        bytes
    }

    fn decode_all(stream: &[u8], step: usize) -> Vec<Frame> {
        let mut framing = Framing::default();
        let mut buffer = BytesMut::new();
        let mut frames = Vec::new();
        for part in stream.chunks(step) {
            buffer.extend_from_slice(part);
            while let Some(frame) = framing.decode(&mut buffer).unwrap() {
                frames.push(frame);
            }
        }
        assert!(framing.decode_eof(&mut buffer).unwrap().is_none());
        assert!(buffer.is_empty());
        frames
    }

    #[test]
    fn a_message_too_long_is_skipped_and_the_next_is_read() {
        let mut stream = Vec::from((MAX_INCOMING as u32 + 1).to_ne_bytes());
        stream.extend(vec![b'x'; MAX_INCOMING + 1]);
        stream.extend(encoded(b"next"));
        for step in [1, 1000, stream.len()] {
            assert_eq!(
                decode_all(&stream, step),
                [
                    Frame::TooLong(MAX_INCOMING + 1),
                    Frame::Message(Bytes::from_static(b"next"))
                ]
            );
        }
    }

    #[test]
    fn a_length_alone_sets_no_memory_aside() {
        let mut framing = Framing::default();
        let mut buffer = BytesMut::from(&u32::MAX.to_ne_bytes()[..]);
        assert_eq!(
            framing.decode(&mut buffer).unwrap(),
            Some(Frame::TooLong(u32::MAX as usize))
        );
        assert!(buffer.capacity() < MAX_INCOMING);
    }

    #[test]
    fn half_a_message_at_the_end_is_dropped() {
        let whole = encoded(b"whole message");
        assert!(decode_all(&whole[..whole.len() - 1], 5).is_empty());
    }

    proptest! {
        #[test]
        fn messages_survive_any_cutting(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..6),
            step in 1usize..400,
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|message| encoded(message)).collect();
            let expected: Vec<_> = messages.into_iter().map(|m| Frame::Message(m.into())).collect();
            prop_assert_eq!(decode_all(&stream, step), expected);
        }
    }
}
