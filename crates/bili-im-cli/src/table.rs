//! Tables for people, aligned by what characters take up at a terminal.

use std::fmt::{self, Display};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows under a head. Its cells must be printable already.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(
        head: [&'static str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Self {
        Self {
            head,
            rows: rows.into_iter().collect(),
        }
    }
}

impl<const N: usize> Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = self.head.map(UnicodeWidthStr::width);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        write_row(f, &widths, self.head.iter().copied())?;
        for row in &self.rows {
            f.write_str("\n")?;
            write_row(f, &widths, row.iter().map(String::as_str))?;
        }
        Ok(())
    }
}

fn write_row<'a>(
    f: &mut fmt::Formatter<'_>,
    widths: &[usize],
    cells: impl Iterator<Item = &'a str>,
) -> fmt::Result {
    // Blanks are written only before something.
    let mut blanks = 0;
    for (cell, width) in cells.zip(widths) {
        if !cell.is_empty() {
            write!(f, "{:blanks$}{cell}", "")?;
            blanks = 0;
        }
        blanks += width.saturating_sub(cell.width()) + 2;
    }
    Ok(())
}

/// As much of a text as fits into some columns.
pub(crate) fn fit(text: String, columns: usize) -> String {
    if text.width() <= columns {
        return text;
    }
    let mut fitted = String::new();
    let mut left = columns.saturating_sub(1);
    for character in text.chars() {
        let Some(rest) = left.checked_sub(character.width().unwrap_or_default()) else {
            break;
        };
        left = rest;
        fitted.push(character);
    }
    fitted.push('…');
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<const N: usize>(cells: [&str; N]) -> [String; N] {
        cells.map(str::to_owned)
    }

    #[test]
    fn columns_are_aligned_whatever_the_characters_take_up() {
        let table = Table::new(
            ["A", "B", "C"],
            [
                row(["演示", "x", "1"]),
                row(["ab", "", "2"]),
                row(["", "y", ""]),
            ],
        );
        assert_eq!(
            table.to_string(),
            "A     B  C\n演示  x  1\nab       2\n      y"
        );
    }

    #[test]
    fn what_does_not_fit_is_cut_with_a_sign() {
        for (columns, fitted) in [(6, "演示UP"), (5, "演示…"), (4, "演…"), (1, "…")] {
            assert_eq!(fit("演示UP".to_owned(), columns), fitted);
        }
    }
}
