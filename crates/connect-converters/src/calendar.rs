//! Java's calendar in UTC: Gregorian since 15 October 1582, Julian before.

use std::fmt::Write as _;

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;
/// 15 October 1582 in days since 1970-01-01: the first Gregorian day.
pub const CUTOVER: i64 = -141_427;
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The day since 1970-01-01.
    pub day_number: i64,
    /// The year; 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// Milliseconds since midnight.
    pub of_day: i64,
}

impl Moment {
    /// The moment `millis` milliseconds after 1970-01-01T00:00Z.
    pub fn of(millis: i64) -> Self {
        let day_number = millis.div_euclid(DAY);
        let (year, month, day) = if day_number >= CUTOVER { gregorian(day_number) } else { julian(day_number) };
        Self { day_number, year, month, day, of_day: millis.rem_euclid(DAY) }
    }

    /// `yyyy-MM-dd`.
    pub fn date(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year_of_era(), self.month, self.day)
    }

    /// `HH:mm:ss.SSS'Z'`.
    pub fn time(self) -> String {
        let mut text = self.clock();
        write!(text, ".{:03}Z", self.of_day % 1000).expect("writing to a string cannot fail");
        text
    }

    /// `java.util.Date.toString` in UTC.
    pub fn java_date(self) -> String {
        let weekday = DAYS[self.day_number.rem_euclid(7) as usize];
        let month = MONTHS[(self.month - 1) as usize];
        format!("{weekday} {month} {:02} {} UTC {}", self.day, self.clock(), self.year_of_era())
    }

    fn clock(self) -> String {
        let seconds = self.of_day / 1000;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// Java prints years before 1 AD as years of that era.
    fn year_of_era(self) -> i64 {
        if self.year > 0 { self.year } else { 1 - self.year }
    }
}

/// The day since 1970-01-01 of a date in Java's lenient calendar: month 13 is January of the next year, day 0 the last
/// of the month before. Saturates far outside the years Java can hold.
pub fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = year.saturating_add((month - 1).div_euclid(12)).clamp(-300_000_000, 300_000_000);
    let month = (month - 1).rem_euclid(12) + 1;
    let number = from_gregorian(year, month, 1) + day - 1;
    if number >= CUTOVER { number } else { from_julian(year, month, 1) + day - 1 }
}

/// Days before the first of the month in a year that starts in March.
fn before_month(month: i64) -> i64 {
    (153 * ((month + 9) % 12) + 2) / 5
}

/// The day since 1970-01-01 of a date in the Gregorian calendar; the month is 1 to 12.
pub fn from_gregorian(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + before_month(month) + day - 1 - 719_468
}

/// The day since 1970-01-01 of a date in the Julian calendar; the month is 1 to 12.
pub fn from_julian(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(4);
    era * 1461 + year.rem_euclid(4) * 365 + before_month(month) + day - 1 - 719_470
}

fn gregorian(day_number: i64) -> (i64, i64, i64) {
    let shifted = day_number + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    in_year(era * 400 + year, of_year)
}

fn julian(day_number: i64) -> (i64, i64, i64) {
    let shifted = day_number + 719_470;
    let era = shifted.div_euclid(1461);
    let of_era = shifted.rem_euclid(1461);
    let year = (of_era - of_era / 1460) / 365;
    in_year(era * 4 + year, of_era - 365 * year)
}

/// The date of a day in a year that starts in March.
fn in_year(year: i64, of_year: i64) -> (i64, i64, i64) {
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_java() {
        for (millis, date) in [
            (0, "1970-01-01"),
            (951_782_400_000, "2000-02-29"),
            (-12_219_292_800_000, "1582-10-15"),
            (-12_219_379_200_000, "1582-10-04"),
            (-62_135_769_600_000, "0001-01-01"),
            (253_402_300_800_000, "10000-01-01"),
        ] {
            assert_eq!(Moment::of(millis).date(), date, "{millis}");
        }
        assert_eq!(Moment::of(-1).time(), "23:59:59.999Z");
    }

    #[test]
    fn taking_apart_and_putting_together_agree() {
        for number in (-800_000..800_000).step_by(97).chain(CUTOVER - 40..CUTOVER + 40) {
            let moment = Moment::of(number * DAY);
            assert_eq!(day_number(moment.year, moment.month, moment.day), number, "{moment:?}");
        }
    }

    #[test]
    fn the_calendar_is_lenient() {
        assert_eq!(day_number(2020, 13, 45), day_number(2021, 2, 14));
        assert_eq!(day_number(2020, 2, 31), day_number(2020, 3, 2));
        assert_eq!(day_number(2020, 3, 0), day_number(2020, 2, 29));
    }
}
