//! Plain text tables.

/// Rows of cells, the first one a heading; the first column is aligned left, the others right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let blanks = " ".repeat(width - cell.chars().count());
            if line.len() == 1 {
                line.push_str(&format!(" {cell}{blanks}"));
            } else {
                line.push_str(&format!("   {blanks}{cell}"));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A whole number with commas between thousands.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as megabytes (2^20).
pub(crate) fn megabytes(bytes: f64) -> String {
    format!("{:.0} MB", bytes / f64::from(1 << 20))
}

/// A share as whole percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_characters() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = table(&[row(["", "CPU", "x"]), row(["Java", "1.2–1.3", "y"]), row(["Moldau", "0.3", ""])]);
        assert_eq!(text, "               CPU   x\n  Java     1.2–1.3   y\n  Moldau       0.3\n");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!([1.0, 999.0, 1000.0, 1234567.4].map(thousands), ["1", "999", "1,000", "1,234,567"]);
        assert_eq!(megabytes(41_943_040.0), "40 MB");
    }
}
