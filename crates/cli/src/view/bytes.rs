//! How numbers travel into a page: variable length, then deflate, then base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::{self, Write};

/// Numbers in a row. Seven bits a byte, lowest first; the top bit tells that more follow.
#[derive(Debug, Default)]
pub(crate) struct Bytes(Vec<u8>);

impl Bytes {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number that may be negative: 0, -1, 1, -2, ... are 0, 1, 2, 3, ...
    pub(crate) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(crate) fn append(&mut self, other: &Bytes) {
        self.0.extend_from_slice(&other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// As text, compressed. Says how long that is.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<usize> {
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::new(5));
        deflate.write_all(&self.0)?;
        let text = STANDARD.encode(deflate.finish()?);
        out.write_all(text.as_bytes())?;
        Ok(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_length_they_need() {
        let mut bytes = Bytes::default();
        bytes.number(0);
        bytes.number(127);
        bytes.number(128);
        bytes.number(u64::MAX);
        bytes.signed(-1);
        bytes.signed(i64::MIN);
        let mut expected = vec![0, 127, 0x80, 1];
        expected.extend([0xff; 9]);
        expected.extend([1, 1]);
        expected.extend([0xff; 9]);
        expected.push(1);
        assert_eq!(bytes.0, expected);
    }

    #[test]
    fn the_text_is_what_browsers_decode() {
        let mut bytes = Bytes::default();
        (0..10_000).for_each(|number| bytes.number(number));
        let mut text = Vec::new();
        assert_eq!(bytes.write(&mut text).unwrap(), text.len());
        let compressed = STANDARD.decode(&text).unwrap();
        let mut plain = Vec::new();
        let mut inflate = flate2::write::DeflateDecoder::new(&mut plain);
        inflate.write_all(&compressed).unwrap();
        inflate.finish().unwrap();
        assert_eq!(plain, bytes.0);
    }
}
