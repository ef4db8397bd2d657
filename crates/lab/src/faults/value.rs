//! The small values of a case file: times, sizes, bounds.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

/// A time, as `"350ms"`, `"1.5s"`, `"10m"`, `"1h"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) struct Time(pub(crate) Duration);

/// A number of bytes, as `1024` or `"64 KiB"`, `"10 MiB"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) struct Size(pub(crate) usize);

/// One value, or `[least, most]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Between<T> {
    pub(crate) least: T,
    pub(crate) most: T,
}

impl<T: PartialOrd> Between<T> {
    pub(crate) fn contains(&self, value: &T) -> bool {
        *value >= self.least && *value <= self.most
    }
}

impl Between<Time> {
    /// Whether `waited` lies within; tokio's clock ticks in milliseconds and rounds up.
    pub(crate) fn allows(&self, waited: Duration) -> bool {
        const TICKS: Duration = Duration::from_millis(2);
        waited + TICKS >= self.least.0 && waited <= self.most.0 + TICKS
    }
}

impl Time {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = text.split_at_checked(digits)?;
        let scale = match unit.trim() {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        let seconds = number.parse::<f64>().ok()? * scale;
        Duration::try_from_secs_f64(seconds).ok().map(Self)
    }
}

impl Size {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ')?;
        let shift = match unit {
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return None,
        };
        let number: usize = number.parse().ok()?;
        number.checked_mul(1 << shift).map(Self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is no time; write a number and us, ms, s, m or h: \"1.5s\""
            ))
        })
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bytes, or \"10 MiB\"")
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Size, E> {
                usize::try_from(bytes).map(Size).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                Size::parse(text).ok_or_else(|| {
                    E::custom(format!(
                        "`{text}` is no size; write a number of bytes, or KiB, MiB, GiB: \"10 MiB\""
                    ))
                })
            }
        }
        deserializer.deserialize_any(Bytes)
    }
}

impl<'de, T: Deserialize<'de> + Copy + PartialOrd> Deserialize<'de> for Between<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrTwo<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Copy + PartialOrd> Visitor<'de> for OneOrTwo<T> {
            type Value = Between<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value, or [least, most]")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Between<T>, E> {
                exactly(T::deserialize(value.into_deserializer()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Between<T>, E> {
                exactly(T::deserialize(value.into_deserializer()))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Between<T>, E> {
                exactly(T::deserialize(value.into_deserializer()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Between<T>, A::Error> {
                let values = Vec::<T>::deserialize(SeqAccessDeserializer::new(seq))?;
                let [least, most] = *values.as_slice() else {
                    return Err(de::Error::invalid_length(values.len(), &self));
                };
                if least > most {
                    return Err(de::Error::custom("[least, most]: the least is the larger"));
                }
                Ok(Between { least, most })
            }
        }
        fn exactly<T: Copy, E>(value: Result<T, E>) -> Result<Between<T>, E> {
            value.map(|value| Between {
                least: value,
                most: value,
            })
        }
        deserializer.deserialize_any(OneOrTwo(std::marker::PhantomData))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<T: fmt::Display + PartialEq> fmt::Display for Between<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least == self.most {
            return self.least.fmt(f);
        }
        write!(f, "{}–{}", self.least, self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct One<T> {
        x: T,
    }

    fn read<T: de::DeserializeOwned>(text: &str) -> Result<T, String> {
        toml::from_str::<One<T>>(&format!("x = {text}"))
            .map(|one| one.x)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn times_and_sizes_have_units() {
        let millis = |text| read::<Time>(text).map(|time| time.0.as_millis());
        assert_eq!(millis("\"350ms\""), Ok(350));
        assert_eq!(millis("\"1.5s\""), Ok(1_500));
        assert_eq!(millis("\"8.5m\""), Ok(510_000));
        assert!(millis("\"3\"").is_err() && millis("3").is_err() && millis("\"-1s\"").is_err());
        assert_eq!(read("\"64 KiB\""), Ok(Size(65_536)));
        assert_eq!(read("10"), Ok(Size(10)));
        assert!(read::<Size>("\"10 MB\"").unwrap_err().contains("10 MiB"));
    }

    #[test]
    fn one_value_is_both_bounds() {
        let exact: Between<u64> = read("3").unwrap();
        assert!(exact.contains(&3) && !exact.contains(&4));
        let wide: Between<Time> = read("[\"2s\", \"2.2s\"]").unwrap();
        assert!(wide.allows(Duration::from_millis(2_201)) && !wide.allows(Duration::from_secs(3)));
        assert!(
            read::<Between<u64>>("[3, 2]")
                .unwrap_err()
                .contains("larger")
        );
        assert!(read::<Between<u64>>("[1, 2, 3]").is_err());
    }
}
