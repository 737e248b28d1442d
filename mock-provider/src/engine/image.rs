//! Pictures that decode at the size that was asked for.
//!
//! A picture is a mosaic of plain tiles in colours of its own, so that two pictures differ at a glance and
//! the file stays small. The pixels of one seed are the same in every format.

use ::image::ExtendedColorType;
use ::image::codecs::jpeg::JpegEncoder;
use world::Draws;

/// Tiles in a row, and rows of tiles.
const TILES: u32 = 8;
const CHANNELS: usize = 3;

/// A PNG file, 8 bits a channel, without transparency.
pub(crate) fn png(width: u32, height: u32, seed_bits: u64) -> Vec<u8> {
    let mosaic = Mosaic::new(width, height, seed_bits);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, mosaic.width, mosaic.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&mosaic.pixels()));
    written.expect("a picture of a size that is not zero, into a growing buffer");
    out
}

/// A lossless WebP file. WebP is at most 16,384 pixels wide and high; what is wider is cut off.
pub(crate) fn webp(width: u32, height: u32, seed_bits: u64) -> Vec<u8> {
    const MOST: u32 = 16_384;
    let mosaic = Mosaic::new(width.min(MOST), height.min(MOST), seed_bits);
    let mut out = Vec::new();
    let encoder = image_webp::WebPEncoder::new(&mut out);
    let written = encoder.encode(&mosaic.pixels(), mosaic.width, mosaic.height, image_webp::ColorType::Rgb8);
    written.expect("pixels of the size that is said, into a growing buffer");
    out
}

/// A JPEG file of a `quality` of 1 to 100. JPEG is at most 65,535 pixels wide and high; what is wider is cut off.
pub(crate) fn jpeg(width: u32, height: u32, seed_bits: u64, quality: u8) -> Vec<u8> {
    const MOST: u32 = 65_535;
    let mosaic = Mosaic::new(width.min(MOST), height.min(MOST), seed_bits);
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut out, quality);
    let written = encoder.encode(&mosaic.pixels(), mosaic.width, mosaic.height, ExtendedColorType::Rgb8);
    written.expect("pixels of the size that is said, into a growing buffer");
    out
}

/// A picture before it is written.
struct Mosaic {
    width: u32,
    height: u32,
    colours: [[u8; CHANNELS]; (TILES * TILES) as usize],
}

impl Mosaic {
    fn new(width: u32, height: u32, seed_bits: u64) -> Self {
        let mut draws = Draws::from_hash(seed_bits);
        let colours = std::array::from_fn(|_| {
            let [red, green, blue, ..] = draws.next_u64().to_le_bytes();
            [red, green, blue]
        });
        Self { width: width.max(1), height: height.max(1), colours }
    }

    /// The tile that the pixel `at` of `length` falls into.
    fn tile(at: u32, length: u32) -> usize {
        (u64::from(at) * u64::from(TILES) / u64::from(length)) as usize
    }

    fn row(&self, y: u32, out: &mut Vec<u8>) {
        let tiles = &self.colours[Self::tile(y, self.height) * TILES as usize..];
        for x in 0..self.width {
            out.extend_from_slice(&tiles[Self::tile(x, self.width)]);
        }
    }

    /// Red, green and blue of every pixel, row by row.
    fn pixels(&self) -> Vec<u8> {
        let mut pixels = Vec::with_capacity(self.width as usize * self.height as usize * CHANNELS);
        (0..self.height).for_each(|y| self.row(y, &mut pixels));
        pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const SIZES: [(u32, u32); 4] = [(1, 1), (7, 300), (512, 512), (1_024, 1_536)];

    #[test]
    fn a_png_decodes_to_its_pixels() {
        for (width, height) in SIZES {
            let file = png(width, height, 5);
            let mut reader = png::Decoder::new(Cursor::new(&file)).read_info().expect("a PNG");
            let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
            let info = reader.next_frame(&mut pixels).expect("a frame");
            assert_eq!((info.width, info.height), (width, height));
            assert_eq!(pixels, Mosaic::new(width, height, 5).pixels());
            assert!(file.len() < 60_000, "{} bytes", file.len());
        }
    }

    #[test]
    fn a_webp_decodes_to_its_pixels() {
        for (width, height) in SIZES {
            let mut decoder =
                image_webp::WebPDecoder::new(Cursor::new(webp(width, height, 5))).expect("a WebP");
            assert_eq!(decoder.dimensions(), (width, height));
            let mut pixels = vec![0; decoder.output_buffer_size().expect("a size")];
            decoder.read_image(&mut pixels).expect("an image");
            assert_eq!(pixels, Mosaic::new(width, height, 5).pixels());
        }
    }

    #[test]
    fn a_jpeg_decodes_to_nearly_its_pixels() {
        for (width, height) in SIZES {
            let file = jpeg(width, height, 5, 90);
            let decoded = ::image::load_from_memory(&file).expect("a JPEG").into_rgb8();
            assert_eq!(decoded.dimensions(), (width, height));
            let pixels = Mosaic::new(width, height, 5).pixels();
            let off =
                decoded.as_raw().iter().zip(&pixels).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
            // Edges between tiles blur; a picture of the wrong tiles would be off by about 85.
            assert!(off / (pixels.len() as u64) < 20, "{off} of {}", pixels.len());
            assert_eq!(file, jpeg(width, height, 5, 90));
        }
        assert!(jpeg(512, 512, 5, 10).len() < jpeg(512, 512, 5, 95).len());
    }

    #[test]
    fn a_picture_is_its_seeds() {
        assert_eq!(png(64, 64, 1), png(64, 64, 1));
        assert_ne!(png(64, 64, 1), png(64, 64, 2));
        assert!(png(0, 0, 1).starts_with(b"\x89PNG"), "an empty picture is one pixel");
    }
}
