//! Tables for people, aligned by what characters take up at a terminal.

use std::{
    borrow::Cow,
    env,
    fmt::{self, Display},
};

use console::Term;
use unicode_width::UnicodeWidthStr;

/// How many columns a text is left at least, when a table does not fit.
const LEAST: usize = 8;

/// What is between two columns.
const GAP: usize = 2;

/// Rows under a head. Its cells must be printable already.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[String; N]>,
    /// Whether the cells of a column may be shortened.
    can_shorten: [bool; N],
    /// How many columns of characters there are; `None` when there is no end of them.
    room: Option<usize>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(
        head: [&'static str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Self {
        Self {
            head,
            rows: rows.into_iter().collect(),
            can_shorten: [false; N],
            room: room(env::var("COLUMNS").ok().as_deref(), || {
                let (_, columns) = Term::stdout().size_checked()?;
                Some(columns.into())
            }),
        }
    }

    /// Has some columns shortened, by their heads, when the table does not fit. Numbers and names that
    /// commands take should be whole.
    pub(crate) fn shorten(mut self, columns: &[&str]) -> Self {
        self.can_shorten = self.head.map(|head| columns.contains(&head));
        self
    }

    /// How wide each column is.
    fn widths(&self) -> [usize; N] {
        let mut widths = self.head.map(UnicodeWidthStr::width);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let Some(room) = self.room else {
            return widths;
        };
        let all = widths.iter().sum::<usize>() + GAP * N.saturating_sub(1);
        for _ in room..all {
            // The widest gives way, so that each is left about as much.
            let can_shorten = (widths.iter_mut().zip(self.can_shorten))
                .filter_map(|(width, can_shorten)| can_shorten.then_some(width))
                .filter(|width| **width > LEAST);
            match can_shorten.max_by_key(|width| **width) {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        widths
    }
}

/// How much room there is: what the user says, else what the terminal has.
fn room(variable: Option<&str>, terminal: impl FnOnce() -> Option<usize>) -> Option<usize> {
    let said = variable.and_then(|columns| columns.parse().ok());
    said.filter(|&columns| columns > 0).or_else(terminal)
}

impl<const N: usize> Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
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
    for (cell, &width) in cells.zip(widths) {
        let cell = fit(cell, width);
        if !cell.is_empty() {
            write!(f, "{:blanks$}{cell}", "")?;
            blanks = 0;
        }
        blanks += width.saturating_sub(cell.width()) + GAP;
    }
    Ok(())
}

/// As much of a text as fits into some columns.
pub(crate) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return text.into();
    }
    let mut fitted = String::new();
    for character in text.chars() {
        fitted.push(character);
        // What characters take up together, which may be more than each of them.
        if fitted.width() >= columns {
            break;
        }
    }
    while fitted.width() >= columns && fitted.pop().is_some() {}
    fitted.push('…');
    fitted.into()
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
            assert_eq!(fit("演示UP", columns), fitted);
        }
        // A heart that a further character makes as wide as two.
        assert_eq!(fit("a\u{2764}\u{fe0f}bc", 4), "a\u{2764}\u{fe0f}…");
        assert_eq!(fit("a\u{2764}\u{fe0f}bc", 3), "a\u{2764}…");
    }

    /// A table with numbers, names and texts.
    fn with_room(room: usize) -> String {
        let rows = [
            row(["123456789012", "演示", &"long ".repeat(8)]),
            row(["1", "", "short"]),
        ];
        let mut table = Table::new(["NUMBER", "NAME", "TEXT"], rows).shorten(&["NAME", "TEXT"]);
        table.room = Some(room);
        table.to_string()
    }

    #[test]
    fn a_table_is_as_wide_as_the_room_that_it_has() {
        assert_eq!(
            with_room(40),
            "\
NUMBER        NAME  TEXT
123456789012  演示  long long long long…
1                   short"
        );
        for room in 28..100 {
            let widest = with_room(room).lines().map(UnicodeWidthStr::width).max();
            assert!(widest <= Some(room), "{room}");
        }
        let long_head = Table::new(["LAST MESSAGE"], [row(["a long message"])]);
        let mut table = long_head.shorten(&["LAST MESSAGE"]);
        table.room = Some(10);
        assert_eq!(table.to_string(), "LAST MESS…\na long me…");
        // Numbers stay whole.
        assert!(with_room(1).contains("\n123456789012  演示  long lo…\n"));
    }

    #[test]
    fn the_widest_text_gives_way_first() {
        let rows = [row([&"a".repeat(40), &"b".repeat(12), &"c".repeat(20)])];
        let mut table = Table::new(["A", "B", "C"], rows).shorten(&["A", "C"]);
        table.room = Some(40);
        let lines = table.to_string();
        let (_, row) = lines.split_once('\n').unwrap();
        let lengths: Vec<usize> = row.split("  ").map(UnicodeWidthStr::width).collect();
        assert_eq!(lengths, [12, 12, 12]);
    }

    #[test]
    fn the_user_says_how_much_room_there_is_or_the_terminal() {
        let terminal = || Some(80);
        assert_eq!(room(Some("40"), terminal), Some(40));
        for not_said in [None, Some(""), Some("0"), Some("-1"), Some("x")] {
            assert_eq!(room(not_said, terminal), Some(80));
            assert_eq!(room(not_said, || None), None);
        }
    }
}
