//! Numbers, dates and times of TOML 1.0.

use super::document::Node;
use super::parse::{Parsed, Parser, fail};

impl Parser<'_> {
    /// A number, a date or a time.
    pub(super) fn number(&mut self) -> Parsed<Node> {
        let (text, start) = (self.text, self.at);
        if let Some(end) = text.date_time(start) {
            let all = text.offset(end);
            if all.is_none() && matches!(text.get(end), Some(b'+' | b'-')) {
                return fail("bad offset: must be [+-]HH:MM or Z");
            }
            self.at = all.unwrap_or(end);
            return self.date(start);
        }
        if let Some(end) = text.date(start) {
            match (text.get(end), text.get(end + 1)) {
                (Some(b'T' | b't'), _) | (Some(b' '), Some(b'0'..=b'9')) => {
                    return fail("bad time: must be HH:MM:SS.subsec");
                }
                (Some(b'0'..=b'9'), _) => return fail("bad datetime: missing T or space"),
                _ => {}
            }
            self.at = end;
            return self.date(start);
        }
        if let Some(end) = text.time(start) {
            self.at = end;
            check_time(text.slice(start, end))?;
            return Ok(Node::Date(written(text.slice(start, end))));
        }
        if let Some(end) = text.float(start) {
            if text.get(end) == Some(b'_') {
                return fail("bad float: `_` must be surrounded by digits");
            }
            self.at = end;
            return float(text.slice(start, end));
        }
        if let Some((end, base)) = text.based(start) {
            self.after_integer(start, end)?;
            self.at = end;
            return based(text.slice(start, end), base);
        }
        let Some(end) = text.decimal(start) else {
            return fail(match self.peek() {
                Some(b'.') => "bad float: integer part is required before decimal point",
                Some(b'_') => "bad number: `_` must be surrounded by digits",
                _ => "bad format: unknown value appeared",
            });
        };
        self.after_integer(start, end)?;
        let digits = text.slice(start, end);
        if digits.ends_with(b"0") && digits.len() <= 2 {
            match text.get(end) {
                Some(b'x') => {
                    return fail(
                        "toml::parse_hex_integer: invalid integer: hex_int must be like: 0xC0FFEE, 0xdead_beef",
                    );
                }
                Some(b'o') => {
                    return fail(
                        "toml::parse_oct_integer: invalid integer: oct_int must be like: 0o775, 0o04_44",
                    );
                }
                Some(b'b') => {
                    return fail(
                        "toml::parse_bin_integer: invalid integer: bin_int must be like: 0b0101, 0b1111_0000",
                    );
                }
                _ => {}
            }
        }
        self.at = end;
        match plain(digits).parse() {
            Ok(number) => Ok(Node::Int(number)),
            Err(_) => fail("toml::parse_dec_integer: too large integer: current max digits = 2^63"),
        }
    }

    /// What may not follow an integer.
    fn after_integer(&self, start: usize, end: usize) -> Parsed<()> {
        let zero = matches!(self.text.slice(start, end), b"0" | b"+0" | b"-0");
        match self.text.get(end) {
            Some(b'_') if zero => fail("bad integer: leading zero is not allowed in decimal int"),
            Some(b'_') => fail("bad integer: `_` must be surrounded by digits"),
            Some(b'0') => fail("bad integer: leading zero"),
            Some(b'1'..=b'9') => fail("bad integer: invalid digit after an integer"),
            Some(b':' | b'-') => fail("bad datetime: invalid format"),
            Some(b'.' | b'e' | b'E') => fail("bad float: invalid format"),
            _ => Ok(()),
        }
    }

    /// A date that was scanned from `start` on, perhaps with a time and an offset.
    fn date(&self, start: usize) -> Parsed<Node> {
        let number = |from: usize, to: usize| {
            plain(self.text.slice(start + from, start + to)).parse::<u32>().unwrap_or(0)
        };
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=12).contains(&month) || !(1..=days).contains(&day) {
            return fail("toml::parse_local_date: invalid date.");
        }
        if self.at > start + 10 {
            check_time(self.text.slice(start + 11, self.at))?;
        }
        Ok(Node::Date(written(self.text.slice(start, self.at))))
    }
}

/// `HH:MM:SS`, whatever follows.
fn check_time(text: &[u8]) -> Parsed<()> {
    let number = |from: usize| plain(text.get(from..from + 2).unwrap_or_default()).parse().unwrap_or(99);
    let (hour, minute, second): (u32, u32, u32) = (number(0), number(3), number(6));
    match hour < 24 && minute < 60 && second <= 60 {
        true => Ok(()),
        false => fail("toml::parse_local_time: invalid time."),
    }
}

/// A date or time as toml11 writes it: fractions of a second in groups of three digits, as many as say something, and
/// `Z` for no offset.
fn written(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (Some(date), time),
        None if text.contains(':') => (None, text.as_ref()),
        None => return text.into_owned(),
    };
    let end = time.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(time.len());
    let (time, offset) = time.split_at(end);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    while fraction.ends_with("000") {
        fraction.truncate(fraction.len() - 3);
    }
    let offset = match offset {
        "z" | "+00:00" | "-00:00" => "Z",
        offset => offset,
    };
    let date = date.map(|date| format!("{date}T")).unwrap_or_default();
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{date}{time}{point}{fraction}{offset}")
}

/// A number without its underscores.
fn plain(digits: &[u8]) -> String {
    String::from_utf8_lossy(digits).replace('_', "")
}

fn float(digits: &[u8]) -> Parsed<Node> {
    let text = plain(digits);
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() || text.ends_with("inf") || text.ends_with("nan") => {
            Ok(Node::Float(number))
        }
        _ => fail("toml::parse_floating: failed to read floating point value from stream"),
    }
}

fn based(digits: &[u8], base: u32) -> Parsed<Node> {
    let text = plain(digits.get(2..).unwrap_or_default());
    match i64::from_str_radix(&text, base) {
        Ok(number) => Ok(Node::Int(number)),
        Err(_) => {
            let name = match base {
                16 => "hex",
                8 => "oct",
                _ => "bin",
            };
            Err(format!("toml::parse_{name}_integer: too large integer: current max value = 2^63"))
        }
    }
}
