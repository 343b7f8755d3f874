//! Moments as text.

use std::fmt::Write as _;

use connect_converters::calendar::{CUTOVER, Moment, from_gregorian, from_julian};

use super::fields::{first_week, on_or_before};
use super::names::{DAYS, ERAS, HALVES, MONTHS, UTC, UTC_LONG, short};

/// More zeros than this stand in front of no number.
const MOST_ZEROS: usize = 309;

/// What a moment is called.
pub(super) struct Calendar {
    moment: Moment,
    /// The day of the first of January.
    year_start: i64,
    /// The day of the first of the month.
    month_start: i64,
}

/// The day of the first of a month, in the calendar that was in force then.
fn start_of(year: i64, month: i64) -> i64 {
    let day = from_gregorian(year, month, 1);
    if day >= CUTOVER { day } else { from_julian(year, month, 1) }
}

/// The number of the week with `day`, where the first one has the day `start`.
fn week(start: i64, day: i64) -> i64 {
    (day - first_week(start)).div_euclid(7) + 1
}

impl Calendar {
    pub(super) fn of(millis: i64) -> Self {
        let moment = Moment::of(millis);
        let (year_start, month_start) = (start_of(moment.year, 1), start_of(moment.year, moment.month));
        Self { moment, year_start, month_start }
    }

    /// Appends what a pattern letter, `count` times, stands for.
    pub(super) fn print(&self, letter: char, count: usize, out: &mut String) {
        let moment = &self.moment;
        let (hour, half) = (moment.of_day / 3_600_000, moment.of_day / 43_200_000);
        let form = |name: &'static str| if count >= 4 { name } else { short(name) };
        let text = match letter {
            'G' => ERAS[usize::from(moment.year > 0)],
            'M' | 'L' if count >= 3 => form(MONTHS[(moment.month - 1) as usize]),
            'E' => form(DAYS[self.weekday() as usize]),
            'a' => HALVES[half as usize],
            'z' if count >= 4 => UTC_LONG,
            'z' => UTC,
            'Z' => "+0000",
            'X' => "Z",
            _ => "",
        };
        if !text.is_empty() {
            out.push_str(text);
            return;
        }
        let number = match letter {
            'y' if moment.year > 0 => moment.year,
            'y' => 1 - moment.year,
            'Y' => self.week_year(),
            'M' | 'L' => moment.month,
            'd' => moment.day,
            'k' if hour == 0 => 24,
            'k' | 'H' => hour,
            'h' if hour % 12 == 0 => 12,
            'h' | 'K' => hour % 12,
            'm' => moment.of_day / 60_000 % 60,
            's' => moment.of_day / 1000 % 60,
            'S' => moment.of_day % 1000,
            'D' => moment.day_number - self.year_start + 1,
            'F' => (moment.day_number - self.month_start) / 7 + 1,
            'w' => self.week_of_year(),
            'W' => week(self.month_start, moment.day_number),
            _ => (self.weekday() + 6) % 7 + 1,
        };
        if count == 2 && matches!(letter, 'y' | 'Y') {
            // The last two digits, with the sign.
            write_number(number % 100, 2, out);
        } else {
            write_number(number, count, out);
        }
    }

    /// Days since Sunday.
    fn weekday(&self) -> i64 {
        (self.moment.day_number + 4).rem_euclid(7)
    }

    fn week_of_year(&self) -> i64 {
        let next = start_of(self.moment.year + 1, 1);
        let sunday = on_or_before(next + 6, 1);
        // The week with the first of January is the first one, also in the days before.
        let in_next = sunday > next && self.moment.day_number >= sunday - 7;
        if in_next { 1 } else { week(self.year_start, self.moment.day_number) }
    }

    /// The year to which the week belongs.
    fn week_year(&self) -> i64 {
        let in_next = self.moment.month > 1 && self.week_of_year() == 1;
        self.moment.year + i64::from(in_next)
    }
}

fn write_number(number: i64, digits: usize, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    let width = digits.min(MOST_ZEROS);
    write!(out, "{:0width$}", number.unsigned_abs()).expect("writing to a string cannot fail");
}
