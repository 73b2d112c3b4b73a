//! QR codes, at a terminal and as an image.

use png::{BitDepth, ColorType, Encoder, EncodingError};
use qrcode::{Color, EcLevel, QrCode};

/// Black on white from the fixed part of the palette, which no terminal theme changes.
const COLOURS: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// The width of the white border in modules. The standard asks for four. Phones read two, with
/// which the code of a login fits a terminal of 24 rows.
const BORDER: usize = 2;

/// The width of a module in an image, in pixels.
const SCALE: usize = 8;

/// A QR code with its border.
pub(crate) struct Code {
    modules: Vec<Color>,
    width: usize,
}

impl Code {
    /// Makes a code; `None` when the text is too long for one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        Some(Self {
            width: code.width(),
            modules: code.into_colors(),
        })
    }

    /// The width and height, in modules.
    fn size(&self) -> usize {
        self.width + 2 * BORDER
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let (Some(x), Some(y)) = (x.checked_sub(BORDER), y.checked_sub(BORDER)) else {
            return false;
        };
        x < self.width && self.modules.get(y * self.width + x) == Some(&Color::Dark)
    }

    /// Draws it with half blocks, two rows to a line.
    pub(crate) fn draw(&self) -> Vec<String> {
        let lines = (0..self.size()).step_by(2).map(|y| {
            let blocks: String = (0..self.size())
                .map(|x| match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                })
                .collect();
            format!("{COLOURS}{blocks}{RESET}")
        });
        lines.collect()
    }

    /// The code as a PNG image.
    pub(crate) fn png(&self) -> Result<Vec<u8>, EncodingError> {
        let side = self.size() * SCALE;
        let pixels: Vec<u8> = (0..side * side)
            .map(|pixel| self.is_dark(pixel % side / SCALE, pixel / side / SCALE))
            .map(|is_dark| if is_dark { 0 } else { 255 })
            .collect();
        let side = u32::try_from(side).unwrap_or(u32::MAX);
        let mut image = Vec::new();
        let mut encoder = Encoder::new(&mut image, side, side);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://account.bilibili.com/h5/account-h5/auth/scan-web?navhide=1&callback=close&qrcode_key=0123456789abcdef0123456789abcdef&from=";

    /// Reads an image as a phone does.
    fn read(width: usize, height: usize, grey: impl FnMut(usize, usize) -> u8) -> String {
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
        let grids = image.detect_grids();
        grids[0].decode().unwrap().1
    }

    fn read_drawing(lines: &[String]) -> String {
        let rows: Vec<Vec<bool>> = lines
            .iter()
            .flat_map(|line| {
                let line = line.strip_prefix(COLOURS).unwrap();
                let line = line.strip_suffix(RESET).unwrap();
                let half = |half| line.chars().map(|b| b == '█' || b == half).collect();
                [half('▀'), half('▄')]
            })
            .collect();
        let (width, height) = (rows[0].len() * SCALE, rows.len() * SCALE);
        read(width, height, |x, y| {
            if rows[y / SCALE][x / SCALE] { 0 } else { 255 }
        })
    }

    fn read_png(png: &[u8]) -> String {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let (width, height) = (info.width as usize, info.height as usize);
        read(width, height, |x, y| pixels[y * width + x])
    }

    #[test]
    fn a_phone_reads_the_drawing_and_the_image() {
        for text in ["x", LINK] {
            let code = Code::of(text).unwrap();
            assert_eq!(read_drawing(&code.draw()), text);
            assert_eq!(read_png(&code.png().unwrap()), text);
        }
    }

    #[test]
    fn the_code_of_a_login_leaves_a_row_free_in_a_small_terminal() {
        assert_eq!(Code::of(LINK).unwrap().draw().len(), 23);
    }

    #[test]
    fn what_is_too_long_for_any_code_is_none() {
        assert!(Code::of(&"x".repeat(5000)).is_none());
    }
}
