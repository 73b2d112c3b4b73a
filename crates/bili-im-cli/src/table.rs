//! Tables, aligned by the width that characters have at a terminal.

use std::{
    borrow::Cow,
    env,
    fmt::{self, Display},
};

use console::Term;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::style;

/// The least width of a column that is shortened.
const LEAST: usize = 8;

/// The width between two columns.
const GAP: usize = 2;

/// Rows under a head. The cells must be free of control characters.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[String; N]>,
    /// Whether the cells of a column may be shortened.
    can_shorten: [bool; N],
    /// The columns that may be left out, the first of them first.
    optional: &'static [&'static str],
    /// Which cells of a column strike the eye.
    highlight: Option<Highlight>,
    /// The width of the terminal; `None` without a limit.
    room: Option<usize>,
}

/// Cells of a column that strike the eye.
#[derive(Debug)]
struct Highlight {
    head: &'static str,
    is_striking: fn(&str) -> bool,
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
            optional: &[],
            highlight: None,
            room: terminal_width(),
        }
    }

    /// Names the columns that are shortened when the table does not fit. Columns that commands take
    /// as arguments should stay whole.
    pub(crate) fn shorten(mut self, columns: &[&str]) -> Self {
        self.can_shorten = self.head.map(|head| columns.contains(&head));
        self
    }

    /// Names the columns that are left out when the table does not fit, one after another.
    pub(crate) fn leave_out(mut self, columns: &'static [&'static str]) -> Self {
        self.optional = columns;
        self
    }

    /// Highlights the cells of a column for which `is_striking` holds.
    pub(crate) fn highlight(mut self, head: &'static str, is_striking: fn(&str) -> bool) -> Self {
        self.highlight = Some(Highlight { head, is_striking });
        self
    }

    fn is_striking(&self, cell: &str, column: usize) -> bool {
        self.highlight.as_ref().is_some_and(|highlight| {
            self.head.get(column) == Some(&highlight.head) && (highlight.is_striking)(cell)
        })
    }

    /// The widths of the columns; `None` of those that are left out.
    fn widths(&self) -> [Option<usize>; N] {
        let mut widths = self.head.map(|head| shown(head).width());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let mut widths = widths.map(Some);
        let Some(room) = self.room else {
            return widths;
        };
        self.leave_columns_out(&mut widths, room);
        for _ in room..in_all(widths.iter().copied()) {
            // Shortening the widest first leaves all about equally wide.
            let can_shorten = (widths.iter_mut().zip(self.can_shorten))
                .filter_map(|(width, can_shorten)| width.as_mut().filter(|_| can_shorten))
                .filter(|width| **width > LEAST);
            match can_shorten.max_by_key(|width| **width) {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        widths
    }

    /// Leaves out columns until the others fit, shortened as far as they may be.
    fn leave_columns_out(&self, widths: &mut [Option<usize>; N], room: usize) {
        let least = |widths: &[Option<usize>; N]| {
            let columns = widths.iter().zip(self.can_shorten);
            in_all(columns.map(|(width, can_shorten)| match can_shorten {
                true => width.map(|width| width.min(LEAST)),
                false => *width,
            }))
        };
        for optional in self.optional {
            if least(widths) <= room {
                return;
            }
            let columns = widths.iter_mut().zip(self.head);
            for (width, _) in columns.filter(|(_, head)| head == optional) {
                *width = None;
            }
        }
    }
}

/// The width of columns beside each other.
fn in_all(widths: impl Iterator<Item = Option<usize>>) -> usize {
    let all = widths.flatten().map(|width| width + GAP);
    all.sum::<usize>().saturating_sub(GAP)
}

/// The head of a column in the language of the user.
fn shown(head: &'static str) -> &'static str {
    match head {
        "NAME" => text!("NAME", "名字"),
        "UNREAD" => text!("UNREAD", "未读"),
        "TIME" => text!("TIME", "时间"),
        "MARKS" => text!("MARKS", "标记"),
        "LAST MESSAGE" => text!("LAST MESSAGE", "最新消息"),
        "MESSAGE" => text!("MESSAGE", "消息"),
        "LEVEL" => text!("LEVEL", "等级"),
        "SIGN" => text!("SIGN", "签名"),
        "PROFILE" => text!("PROFILE", "登录档案"),
        "EXPIRES" => text!("EXPIRES", "到期"),
        "ENDPOINT" => text!("ENDPOINT", "服务"),
        "PROBLEM" => text!("PROBLEM", "问题"),
        "KIND" => text!("KIND", "类型"),
        "TITLE" => text!("TITLE", "标题"),
        "EQUALS" => text!("EQUALS", "等于"),
        "CONTAINS" => text!("CONTAINS", "包含"),
        "REPLY" => text!("REPLY", "回复"),
        "RECEIVED" => text!("RECEIVED", "收到"),
        "WRITTEN" => text!("WRITTEN", "发出"),
        "MEDIAN WAIT" => text!("MEDIAN WAIT", "等待中位数"),
        "90% WITHIN" => text!("90% WITHIN", "九成不超过"),
        "HOUR" => text!("HOUR", "小时"),
        "MONTH" => text!("MONTH", "月份"),
        "SETTING" => text!("SETTING", "设置"),
        "VALUE" => text!("VALUE", "值"),
        "FROM" => text!("FROM", "来自"),
        same => same,
    }
}

/// The width of the terminal, or what `COLUMNS` says; `None` without a limit.
pub(crate) fn terminal_width() -> Option<usize> {
    room(env::var("COLUMNS").ok().as_deref(), || {
        let (_, columns) = Term::stdout().size_checked()?;
        Some(columns.into())
    })
}

fn room(variable: Option<&str>, terminal: impl FnOnce() -> Option<usize>) -> Option<usize> {
    let said = variable.and_then(|columns| columns.parse().ok());
    said.filter(|&columns| columns > 0).or_else(terminal)
}

impl<const N: usize> Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        write_row(f, &widths, self.head.map(shown), |cell, _| {
            style::head(cell).to_string()
        })?;
        for row in &self.rows {
            f.write_str("\n")?;
            write_row(f, &widths, row.each_ref(), |cell, column| {
                if self.is_striking(cell, column) {
                    style::striking(cell).to_string()
                } else {
                    cell.to_owned()
                }
            })?;
        }
        Ok(())
    }
}

fn write_row<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    widths: &[Option<usize>; N],
    cells: [impl AsRef<str>; N],
    styled: impl Fn(&str, usize) -> String,
) -> fmt::Result {
    // Blanks are kept back until a cell follows, so that no line ends in blanks.
    let mut blanks = 0;
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let Some(width) = width else {
            continue;
        };
        let cell = fit(cell.as_ref(), width);
        if !cell.is_empty() {
            write!(f, "{:blanks$}{}", "", styled(&cell, column))?;
            blanks = 0;
        }
        blanks += width.saturating_sub(cell.width()) + GAP;
    }
    Ok(())
}

/// Shortens a text to a width.
pub(crate) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return text.into();
    }
    let mut fitted = String::new();
    // By what people see as one character: half a flag or family is another picture.
    for character in text.graphemes(true) {
        let before = fitted.len();
        fitted.push_str(character);
        if fitted.width() >= columns {
            fitted.truncate(before);
            break;
        }
    }
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
        // A heart, and a character that makes it two columns wide.
        assert_eq!(fit("a\u{2764}\u{fe0f}bc", 4), "a\u{2764}\u{fe0f}…");
        assert_eq!(fit("a\u{2764}\u{fe0f}bc", 3), "a…");
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
    fn no_character_is_cut_in_two() {
        for (text, fitted) in [
            ("a👨‍👩‍👧b", "a…"),
            ("👨‍👩‍👧👨‍👩‍👧", "👨‍👩‍👧…"),
            ("e\u{301}e\u{301}e\u{301}e\u{301}", "e\u{301}e\u{301}…"),
            ("🇨🇳🇨🇳", "🇨🇳…"),
            ("中文字", "中…"),
        ] {
            assert_eq!(fit(text, 3), fitted);
        }
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
    fn columns_without_room_are_left_out_in_their_order() {
        let shown = |room| {
            let rows = [row(["12345", "a name that is long", "1 h", "██████"])];
            let table = Table::new(["UID", "NAME", "WAIT", ""], rows).shorten(&["NAME"]);
            let mut table = table.leave_out(&["", "WAIT"]);
            table.room = Some(room);
            table.to_string()
        };
        for (room, expected) in [
            (29, "UID    NAME      WAIT\n12345  a name …  1 h   ██████"),
            (
                28,
                "UID    NAME             WAIT\n12345  a name that is…  1 h",
            ),
            (21, "UID    NAME      WAIT\n12345  a name …  1 h"),
            (20, "UID    NAME\n12345  a name that …"),
        ] {
            assert_eq!(shown(room), expected, "{room}");
        }
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
