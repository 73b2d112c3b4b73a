//! QR codes at a terminal.

use qrcode::{Color, EcLevel, QrCode};

/// Black on white from the fixed part of the palette, which no terminal theme changes.
const COLOURS: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// The width of the white border in modules. Readers need four.
const QUIET: usize = 4;

/// Draws a code with half blocks, two rows to a line; `None` when the text is too long for a code.
pub(crate) fn draw(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let modules = code.to_colors();
    let is_dark = |x: usize, y: usize| {
        let (Some(x), Some(y)) = (x.checked_sub(QUIET), y.checked_sub(QUIET)) else {
            return false;
        };
        x < width && modules.get(y * width + x) == Some(&Color::Dark)
    };
    let size = width + 2 * QUIET;
    let lines = (0..size).step_by(2).map(|y| {
        let blocks: String = (0..size)
            .map(|x| match (is_dark(x, y), is_dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect();
        format!("{COLOURS}{blocks}{RESET}")
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a drawing as a phone does.
    fn read(drawing: &str) -> String {
        const SCALE: usize = 4;
        let rows: Vec<Vec<bool>> = drawing
            .lines()
            .flat_map(|line| {
                let line = line
                    .strip_prefix(COLOURS)
                    .unwrap()
                    .strip_suffix(RESET)
                    .unwrap();
                let upper = line
                    .chars()
                    .map(|block| matches!(block, '█' | '▀'))
                    .collect();
                let lower = line
                    .chars()
                    .map(|block| matches!(block, '█' | '▄'))
                    .collect();
                [upper, lower]
            })
            .collect();
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(
            rows[0].len() * SCALE,
            rows.len() * SCALE,
            |x, y| if rows[y / SCALE][x / SCALE] { 0 } else { 255 },
        );
        let grids = image.detect_grids();
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_phone_reads_what_was_drawn() {
        for text in [
            "x",
            "https://account.bilibili.com/h5/account-h5/auth/scan-web?navhide=1&callback=close&qrcode_key=0123456789abcdef0123456789abcdef&from=",
        ] {
            assert_eq!(read(&draw(text).unwrap()), text);
        }
    }

    #[test]
    fn what_is_too_long_for_any_code_is_not_drawn() {
        assert_eq!(draw(&"x".repeat(5000)), None);
    }
}
