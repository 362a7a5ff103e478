//! Money: an exact number of minor units of a currency. Never a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An ISO 4217 currency code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// An amount of one currency, in its minor unit (cents of a euro, yen of a yen).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// The text is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMoney {
    #[error("`{0}` is not a currency; write its ISO 4217 code, as in EUR")]
    Currency(String),
    #[error("`{amount}` is not an amount of {currency}; write it as {example}")]
    Amount { amount: String, currency: Currency, example: String },
}

impl Currency {
    pub const EUR: Self = Self(*b"EUR");

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many decimal digits the minor unit has (ISO 4217).
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a plain decimal: digits, at most one point, no more decimals than the currency has.
    ///
    /// # Errors
    /// [`BadMoney::Amount`] with an example of the form.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, BadMoney> {
        let bad = || BadMoney::Amount {
            amount: amount.chars().take(40).collect(),
            currency,
            example: Self::new(1_250 * 10_i64.pow(currency.exponent()), currency).amount(),
        };
        let (negative, digits) = match amount.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, amount),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let exponent = currency.exponent() as usize;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(decimals) || decimals.len() > exponent {
            return Err(bad());
        }
        let minor: i64 = format!("{whole}{decimals:0<exponent$}").parse().map_err(|_| bad())?;
        Ok(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// The amount alone, as a decimal.
    pub fn amount(&self) -> String {
        let exponent = self.currency.exponent();
        let unit = 10_u64.pow(exponent);
        let sign = if self.minor < 0 { "-" } else { "" };
        let magnitude = self.minor.unsigned_abs();
        if exponent == 0 {
            return format!("{sign}{magnitude}");
        }
        let width = exponent as usize;
        format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

impl FromStr for Currency {
    type Err = BadMoney;

    fn from_str(text: &str) -> Result<Self, BadMoney> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(BadMoney::Currency(text.chars().take(16).collect())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_refuse_what_they_cannot_hold() {
        let yen: Currency = "JPY".parse().unwrap();
        for (text, currency, minor) in [
            ("1500", Currency::EUR, 150_000),
            ("0.1", Currency::EUR, 10),
            ("-3.07", Currency::EUR, -307),
            ("1200", yen, 1200),
        ] {
            assert_eq!(Money::parse(text, currency).unwrap().minor, minor, "{text}");
        }
        for (text, currency) in
            [("1.001", Currency::EUR), ("1.5", yen), ("1,50", Currency::EUR), ("", Currency::EUR)]
        {
            assert!(Money::parse(text, currency).is_err(), "{text}");
        }
        assert_eq!(Money::new(-307, Currency::EUR).to_string(), "-3.07 EUR");
        assert_eq!(
            Money::parse("12,50", Currency::EUR).unwrap_err().to_string(),
            "`12,50` is not an amount of EUR; write it as 1250.00"
        );
    }
}
