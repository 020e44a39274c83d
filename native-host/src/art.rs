//! Key art: a picture made from a key, by which people recognise it sooner than by 52 characters.
//!
//! It is drawn as the extension draws it (`extension/art/art.ts`), to the letter: a dark tile with
//! six columns and six rows, mirrored left to right, each of its 18 cells empty, a square or a dot.
//! Cells and colours are taken from the SHA-256 digest of the key's 32 bytes. What both have to
//! draw for some keys stands in `extension/art/vectors.json`.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::key::PublicKey;

const COLUMNS: usize = 3;
const ROWS: usize = 6;
/// Equal steps round the circle, from red.
const HUES: usize = 16;
/// How far the dots' hue is from the squares'.
const DOT_OFFSETS: [usize; 5] = [4, 6, 8, 10, 12];

/// The picture as an element of SVG, 16 units wide. It brings its own ground.
pub fn svg(key: &PublicKey) -> String {
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let hue = usize::from(hash[0]) % HUES;
    let dot_hue = (hue + DOT_OFFSETS[usize::from(hash[1]) % DOT_OFFSETS.len()]) % HUES;
    let (mut squares, mut dots) = (String::new(), String::new());
    for (index, byte) in hash[2..2 + ROWS * COLUMNS].iter().enumerate() {
        let (row, column) = (index / COLUMNS, index % COLUMNS);
        let y = 2 + row * 2;
        for x in [2 + column * 2, 12 - column * 2] {
            // Writing to a string can't fail.
            _ = match byte {
                ..108 => Ok(()),
                108..190 => write!(squares, "M{x} {y}h2v2h-2z"),
                // Two half circles, from a quarter of a unit inside the cell.
                190.. => write!(
                    dots,
                    "M{x}.25 {}a.75.75 0 0 1 1.5 0a.75.75 0 0 1 -1.5 0z",
                    y + 1
                ),
            };
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">\
         <rect width=\"16\" height=\"16\" rx=\"3\" fill=\"{}\"/>\
         <path fill=\"{}\" d=\"{squares}\"/><path fill=\"{}\" d=\"{dots}\"/></svg>",
        colour(hue, 40, 15),
        colour(hue, 85, 72),
        colour(dot_hue, 90, 86),
    )
}

fn colour(hue: usize, saturation: u8, lightness: u8) -> String {
    // Whole degrees, half of one rounded up.
    let degrees = (hue * 360 + HUES / 2) / HUES;
    format!("hsl({degrees}, {saturation}%, {lightness}%)")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn art_is_what_the_extension_draws() {
        let vectors = include_str!("../../extension/art/vectors.json");
        let vectors: HashMap<String, String> = serde_json::from_str(vectors).unwrap();
        assert_eq!(vectors.len(), 20);
        for (key, drawn) in vectors {
            assert_eq!(svg(&key.parse().unwrap()), drawn, "{key}");
        }
    }
}
