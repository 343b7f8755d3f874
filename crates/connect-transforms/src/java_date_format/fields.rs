//! The fields of a date as they were read, and the moment that they make: the rules of `GregorianCalendar`, lenient,
//! with weeks that begin on Sunday and with the first week the one that has the first of January.

use connect_converters::calendar::{CUTOVER, DAY, Moment, from_gregorian, from_julian};

/// The fields, in Java's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    Year,
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfMonth,
    DayOfYear,
    DayOfWeek,
    DayOfWeekInMonth,
    AmPm,
    Hour,
    HourOfDay,
    Minute,
    Second,
    Millisecond,
    ZoneOffset,
    WeekYear,
}

/// What was set, and in which order: the fields that were set last decide.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    values: [i32; 17],
    /// 0 for a field that is not set.
    stamps: [u32; 17],
    last: u32,
}

/// The year in which the Gregorian calendar begins.
const CUTOVER_YEAR: i32 = 1582;
const SUNDAY: i32 = 1;

/// How the day within the year is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DayBy {
    Month,
    WeekOfMonth,
    DayOfWeekInMonth,
    DayOfYear,
    WeekOfYear,
}

impl Fields {
    pub(super) fn set(&mut self, field: Field, value: i32) {
        self.last += 1;
        self.values[field as usize] = value;
        self.stamps[field as usize] = self.last;
    }

    /// A hundred years later.
    pub(super) fn next_century(&mut self) {
        for field in [Field::Year, Field::WeekYear] {
            let value = &mut self.values[field as usize];
            *value = value.wrapping_add(100);
        }
    }

    fn stamp(&self, field: Field) -> u32 {
        self.stamps[field as usize]
    }

    fn is_set(&self, field: Field) -> bool {
        self.stamp(field) > 0
    }

    /// The value; 0 when it is not set.
    fn get(&self, field: Field) -> i32 {
        self.values[field as usize]
    }

    fn or(&self, field: Field, default: i32) -> i32 {
        if self.is_set(field) { self.get(field) } else { default }
    }

    /// The stamp of two fields that only count together.
    fn both(&self, one: Field, other: Field) -> u32 {
        let (one, other) = (self.stamp(one), self.stamp(other));
        if one == 0 || other == 0 { 0 } else { one.max(other) }
    }

    /// The moment, in milliseconds since 1970 in UTC.
    pub(super) fn moment(&self) -> i64 {
        let time = self.time_of_day();
        let (days, of_day) = (time.div_euclid(DAY), time.rem_euclid(DAY));
        let day = if self.stamp(Field::WeekYear) > self.stamp(Field::Year) {
            self.week_date(days).wrapping_add(days)
        } else {
            self.day(days)
        };
        let offset = i64::from(self.get(Field::ZoneOffset));
        day.wrapping_mul(DAY).wrapping_add(of_day).wrapping_sub(offset)
    }

    /// Milliseconds since midnight; may be negative or more than a day.
    fn time_of_day(&self) -> i64 {
        let halves = self.both(Field::Hour, Field::AmPm);
        let mut latest = halves.max(self.stamp(Field::HourOfDay));
        if latest == 0 {
            latest = self.stamp(Field::Hour).max(self.stamp(Field::AmPm));
        }
        let hours = if latest == self.stamp(Field::HourOfDay) {
            i64::from(self.get(Field::HourOfDay))
        } else {
            i64::from(self.get(Field::Hour)) + 12 * i64::from(self.get(Field::AmPm))
        };
        let minutes = hours * 60 + i64::from(self.get(Field::Minute));
        (minutes * 60 + i64::from(self.get(Field::Second))) * 1000 + i64::from(self.get(Field::Millisecond))
    }

    /// The day of a week date: year, week and day of the week. Its era is the one that the other fields, `days` later,
    /// make.
    fn week_date(&self, days: i64) -> i64 {
        let mut week = self.or(Field::WeekOfYear, 1);
        let mut day = self.or(Field::DayOfWeek, SUNDAY);
        if !(1..=7).contains(&day) {
            // It is a number of the week that begins on Monday, as it was read.
            if day >= 8 {
                day -= 1;
                week = week.wrapping_add(day / 7);
                day = day % 7 + 1;
            } else {
                // In 64 bits: the smallest number has none below it.
                let before = i64::from(day) - 1;
                week = week.wrapping_add(before.div_euclid(7) as i32);
                day = before.rem_euclid(7) as i32 + 1;
            }
            day = day_of_week(day);
        }
        let mut first = Fields::default();
        let era = Moment::of(self.day(days).wrapping_mul(DAY)).year > 0;
        first.set(Field::Era, i32::from(era));
        first.set(Field::Year, self.get(Field::WeekYear));
        first.set(Field::WeekOfYear, 1);
        first.set(Field::DayOfWeek, SUNDAY);
        first.day(0) + i64::from((day - SUNDAY).wrapping_add(week.wrapping_sub(1).wrapping_mul(7)))
    }

    /// The day since 1970-01-01, `days` later.
    fn day(&self, days: i64) -> i64 {
        let by = self.day_by();
        let year = self.or(Field::Year, 1970);
        let year = if self.or(Field::Era, 1) == 0 { 1_i32.wrapping_sub(year) } else { year };
        let gregorian = || days + self.day_in_year(from_gregorian, year, by);
        let julian = || days + self.day_in_year(from_julian, year, by);
        if year > CUTOVER_YEAR {
            let day = gregorian();
            return if day >= CUTOVER { day } else { julian() };
        }
        if year < CUTOVER_YEAR || matches!(by, DayBy::DayOfYear | DayBy::WeekOfYear) {
            return julian();
        }
        let day = gregorian();
        if day >= CUTOVER { day } else { julian() }
    }
}

/// The number of Java's day of the week, from 1 for Sunday, for one from 1 for Monday; others stay.
pub(super) fn day_of_week(iso: i32) -> i32 {
    match iso {
        7 => SUNDAY,
        1..=6 => iso + 1,
        other => other,
    }
}

/// The last day that is no later than `day` and falls on a day of the week, 1 for Sunday.
pub(super) fn on_or_before(day: i64, weekday: i32) -> i64 {
    // Day 0 was a Thursday.
    day - (day + 5 - i64::from(weekday)).rem_euclid(7)
}

/// The Sunday with which the first week of a year or month begins.
pub(super) fn first_week(first_day: i64) -> i64 {
    on_or_before(first_day, SUNDAY)
}

/// A calendar: the day since 1970-01-01 of year, month and day.
type DayOf = fn(i64, i64, i64) -> i64;

impl Fields {
    /// Which fields tell the day: those that were set last (`Calendar.selectFields`).
    fn day_by(&self) -> DayBy {
        let day_of_week = self.stamp(Field::DayOfWeek);
        let mut by_month = self.stamp(Field::DayOfMonth);
        let mut by_week_of_month = self.both(Field::WeekOfMonth, Field::DayOfWeek);
        let mut by_day_of_week = self.both(Field::DayOfWeekInMonth, Field::DayOfWeek);
        let by_day_of_year = self.stamp(Field::DayOfYear);
        let by_week_of_year = self.both(Field::WeekOfYear, Field::DayOfWeek);
        let mut best = by_month.max(by_week_of_month).max(by_day_of_week).max(by_day_of_year).max(by_week_of_year);
        if best == 0 {
            by_week_of_month = self.stamp(Field::WeekOfMonth);
            by_day_of_week = self.stamp(Field::DayOfWeekInMonth).max(day_of_week);
            best = by_week_of_month.max(by_day_of_week).max(self.stamp(Field::WeekOfYear));
            if best == 0 {
                by_month = self.stamp(Field::Month);
                best = by_month;
            }
        }
        let week_of_year = self.stamp(Field::WeekOfYear);
        let (week_of_month, in_month) = (self.stamp(Field::WeekOfMonth), self.stamp(Field::DayOfWeekInMonth));
        if best == by_month {
            DayBy::Month
        } else if (best == by_week_of_month && week_of_month >= week_of_year)
            || (best == by_day_of_week && in_month >= week_of_year)
        {
            let weeks =
                if by_week_of_month == by_day_of_week { week_of_month >= in_month } else { best == by_week_of_month };
            if weeks { DayBy::WeekOfMonth } else { DayBy::DayOfWeekInMonth }
        } else if best == by_day_of_year {
            DayBy::DayOfYear
        } else {
            DayBy::WeekOfYear
        }
    }

    /// The day that the fields tell in a calendar.
    fn day_in_year(&self, day_of: DayOf, year: i32, by: DayBy) -> i64 {
        let weekday = self.or(Field::DayOfWeek, SUNDAY);
        if matches!(by, DayBy::DayOfYear | DayBy::WeekOfYear) {
            let first = day_of(i64::from(year), 1, 1);
            if by == DayBy::DayOfYear {
                return first + i64::from(self.get(Field::DayOfYear)) - 1;
            }
            let mut week = first_week(first);
            if weekday != SUNDAY {
                week = on_or_before(week + 6, weekday);
            }
            return week + 7 * (i64::from(self.get(Field::WeekOfYear)) - 1);
        }
        let month = self.get(Field::Month);
        let (year, month) = (i64::from(year.wrapping_add(month.div_euclid(12))), i64::from(month.rem_euclid(12)) + 1);
        let first = day_of(year, month, 1);
        match by {
            DayBy::Month => first + i64::from(self.or(Field::DayOfMonth, 1)) - 1,
            DayBy::WeekOfMonth => {
                let mut week = first_week(first);
                if self.is_set(Field::DayOfWeek) {
                    week = on_or_before(week + 6, weekday);
                }
                week + i64::from(self.get(Field::WeekOfMonth).wrapping_sub(1).wrapping_mul(7))
            }
            _ => {
                let number = self.or(Field::DayOfWeekInMonth, 1);
                if number >= 0 {
                    return on_or_before(first + i64::from(number.wrapping_mul(7)) - 1, weekday);
                }
                let next = if month == 12 { day_of(year + 1, 1, 1) } else { day_of(year, month + 1, 1) };
                let last = next - first + i64::from(number.wrapping_add(1).wrapping_mul(7));
                on_or_before(first + last - 1, weekday)
            }
        }
    }
}
