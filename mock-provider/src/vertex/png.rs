//! A picture that decodes: coloured squares as PNG, small because equal pixels are told once.

use bytes::{BufMut, BytesMut};

/// Squares across and down.
const SQUARES: u32 = 16;
const COLOURS: u32 = 16;
/// The longest repetition that deflate can tell at once.
const MATCH_MAX: usize = 258;

/// A PNG of `width` by `height` pixels that this seed makes.
pub(super) fn png(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut out = BytesMut::from(&b"\x89PNG\r\n\x1a\n"[..]);
    let mut head = BytesMut::new();
    head.put_u32(width);
    head.put_u32(height);
    head.put_slice(&[8, 3, 0, 0, 0]); // eight bits a pixel, by palette
    chunk(*b"IHDR", &head, &mut out);
    let palette: Vec<u8> = (0..COLOURS).flat_map(|colour| rgb(seed, colour)).collect();
    chunk(*b"PLTE", &palette, &mut out);
    chunk(*b"IDAT", &zlib(&pixels(width, height, seed), width as usize + 1), &mut out);
    chunk(*b"IEND", &[], &mut out);
    out.to_vec()
}

fn rgb(seed: u64, colour: u32) -> [u8; 3] {
    let [red, green, blue, ..] = world::splitmix64(seed ^ u64::from(colour)).to_be_bytes();
    [red, green, blue]
}

/// Rows of palette places, each behind the zero that says it is not filtered.
fn pixels(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let square = |x: u32, y: u32| {
        let place = u64::from(y * SQUARES / height * SQUARES + x * SQUARES / width);
        (world::splitmix64(seed.rotate_left(32) ^ place) % u64::from(COLOURS)) as u8
    };
    let mut pixels = Vec::with_capacity((width as usize + 1) * height as usize);
    for y in 0..height {
        pixels.push(0);
        pixels.extend((0..width).map(|x| square(x, y)));
    }
    pixels
}

fn chunk(kind: [u8; 4], data: &[u8], out: &mut BytesMut) {
    out.put_u32(data.len() as u32);
    out.put_slice(&kind);
    out.put_slice(data);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&kind);
    sum.update(data);
    out.put_u32(sum.finalize());
}

/// Deflate with its fixed codes. Repetitions are looked for one byte back and one row back.
fn zlib(data: &[u8], row: usize) -> Vec<u8> {
    let mut bits = Bits { out: vec![0x78, 0x01], pending: 0, held: 0 };
    bits.put(0b011, 3); // the last block, with the fixed codes
    let mut at = 0;
    while at < data.len() {
        let repeated = |back: usize| match at.checked_sub(back) {
            Some(from) => {
                let limit = MATCH_MAX.min(data.len() - at);
                (0..limit).take_while(|step| data[from + step] == data[at + step]).count()
            }
            None => 0,
        };
        let (length, back) = [(repeated(1), 1), (repeated(row), row)].into_iter().max().unwrap_or((0, 1));
        if length >= 3 {
            bits.length(length as u32);
            bits.distance(back as u32);
            at += length;
        } else {
            bits.symbol(u32::from(data[at]));
            at += 1;
        }
    }
    bits.symbol(256);
    let mut out = bits.finish();
    out.extend(adler32(data).to_be_bytes());
    out
}

fn adler32(data: &[u8]) -> u32 {
    let (low, high) = data.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

/// Bits, the lowest of a byte first.
struct Bits {
    out: Vec<u8>,
    pending: u32,
    held: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.pending |= value << self.held;
        self.held += count;
        while self.held >= 8 {
            self.out.push(self.pending as u8);
            self.pending >>= 8;
            self.held -= 8;
        }
    }

    /// Codes go highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..=143 => self.code(0x30 + symbol, 8),
            144..=255 => self.code(0x190 + symbol - 144, 9),
            256..=279 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }

    /// 3 to 258: four codes for each doubling from 11 on, the rest in extra bits.
    fn length(&mut self, length: u32) {
        match length {
            0..=10 => self.symbol(254 + length),
            258 => self.symbol(285),
            _ => {
                let (code, extra, rest) = bucket(length - 3, 2);
                self.symbol(257 + code);
                self.put(rest, extra);
            }
        }
    }

    /// 1 to 32768: two codes for each doubling from 5 on.
    fn distance(&mut self, distance: u32) {
        if distance <= 4 {
            return self.code(distance - 1, 5);
        }
        let (code, extra, rest) = bucket(distance - 1, 1);
        self.code(code, 5);
        self.put(rest, extra);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.held > 0 {
            self.out.push(self.pending as u8);
        }
        self.out
    }
}

/// The code of `value` where each doubling has `2^split` codes; how many extra bits follow, and which.
fn bucket(value: u32, split: u32) -> (u32, u32, u32) {
    let extra = 31 - value.leading_zeros() - split;
    let code = (extra << split) + (value >> extra);
    (code, extra, value & ((1 << extra) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_distances_have_the_codes_of_the_format() {
        // RFC 1951, section 3.2.5.
        for (length, code, extra, rest) in [
            (11, 265, 1, 0),
            (18, 268, 1, 1),
            (19, 269, 2, 0),
            (130, 280, 4, 15),
            (131, 281, 5, 0),
            (257, 284, 5, 30),
        ] {
            let (found, bits, left) = bucket(length - 3, 2);
            assert_eq!((257 + found, bits, left), (code, extra, rest), "{length}");
        }
        for (distance, code, extra, rest) in
            [(5, 4, 1, 0), (8, 5, 1, 1), (1_025, 20, 9, 0), (24_577, 29, 13, 0), (32_768, 29, 13, 8_191)]
        {
            assert_eq!(bucket(distance - 1, 1), (code, extra, rest), "{distance}");
        }
    }

    #[test]
    fn a_picture_is_small_and_its_seed_makes_it() {
        let picture = png(1_024, 1_024, 7);
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x04\0\0\0\x04\0"));
        assert!(picture.len() < 20_000, "{}", picture.len());
        assert_eq!(picture, png(1_024, 1_024, 7));
        assert_ne!(picture, png(1_024, 1_024, 8));
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
