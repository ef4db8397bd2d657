//! What tensors are made of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the elements of a tensor are. The names on the wire are those of the Open Inference Protocol.
///
/// <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#tensor-data-types>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub enum DataType {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Fp32,
    Fp64,
    /// Half of a 32-bit float: eight bits of exponent, seven of fraction. Not in the first version of
    /// the protocol; Triton and OpenVINO have it.
    Bf16,
    /// Strings of bytes, each as long as it likes.
    Bytes,
}

impl DataType {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Bool,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Fp16,
        Self::Fp32,
        Self::Fp64,
        Self::Bf16,
        Self::Bytes,
    ];

    /// Its name on the wire: `FP32`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Fp16 => "FP16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
            Self::Bf16 => "BF16",
            Self::Bytes => "BYTES",
        }
    }

    /// The type of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|this| this.as_str() == name)
    }

    /// How many bytes an element takes; `None` where each is as long as it likes.
    pub const fn size(self) -> Option<usize> {
        Some(match self {
            Self::Bool | Self::Uint8 | Self::Int8 => 1,
            Self::Uint16 | Self::Int16 | Self::Fp16 | Self::Bf16 => 2,
            Self::Uint32 | Self::Int32 | Self::Fp32 => 4,
            Self::Uint64 | Self::Int64 | Self::Fp64 => 8,
            Self::Bytes => return None,
        })
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a tensor of a fixed width can be made of and read into.
pub trait Element: Copy + Sized + sealed::Sealed {
    /// Its type on the wire.
    const DATA_TYPE: DataType;

    /// Appends its bytes, the lowest first.
    fn write(self, to: &mut Vec<u8>);

    /// Reads it from just as many bytes; `None` for another number of them.
    fn read(from: &[u8]) -> Option<Self>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($type:ty => $data_type:ident,)+) => {
        $(impl sealed::Sealed for $type {}

        impl Element for $type {
            const DATA_TYPE: DataType = DataType::$data_type;

            fn write(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &[u8]) -> Option<Self> {
                from.try_into().ok().map(Self::from_le_bytes)
            }
        })+
    };
}

elements! {
    u8 => Uint8,
    u16 => Uint16,
    u32 => Uint32,
    u64 => Uint64,
    i8 => Int8,
    i16 => Int16,
    i32 => Int32,
    i64 => Int64,
    f32 => Fp32,
    f64 => Fp64,
    F16 => Fp16,
    Bf16 => Bf16,
}

impl sealed::Sealed for bool {}

impl Element for bool {
    const DATA_TYPE: DataType = DataType::Bool;

    fn write(self, to: &mut Vec<u8>) {
        to.push(u8::from(self));
    }

    fn read(from: &[u8]) -> Option<Self> {
        match from {
            [byte] => Some(*byte != 0),
            _ => None,
        }
    }
}

/// A float of 16 bits, IEEE 754's binary16, as its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct F16(pub u16);

/// A float of 16 bits, the upper half of an `f32`, as its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bf16(pub u16);

impl F16 {
    fn to_le_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    fn from_le_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_le_bytes(bytes))
    }

    /// The nearest one; beyond its range an infinity.
    ///
    /// ```
    /// use trunkline_core::infer::F16;
    ///
    /// for number in [0.0, -0.0, 1.0, -2.5, 65504.0, 2.0_f32.powi(-24), f32::INFINITY] {
    ///     assert_eq!(F16::from_f32(number).to_f32().to_bits(), number.to_bits());
    /// }
    /// assert_eq!(F16::from_f32(1.0e6).to_f32(), f32::INFINITY);
    /// assert!(F16::from_f32(f32::NAN).to_f32().is_nan());
    /// ```
    pub fn from_f32(number: f32) -> Self {
        let bits = number.to_bits();
        let sign = (bits >> 16) as u16 & 0x8000;
        let (exponent, fraction) = ((bits >> 23) as i32 & 0xff, bits & 0x7f_ffff);
        if exponent == 0xff {
            // A NaN stays one, whatever its fraction.
            let fraction = if fraction == 0 {
                0
            } else {
                0x200 | (fraction >> 13) as u16
            };
            return Self(sign | 0x7c00 | fraction);
        }
        // Biased anew: 127 becomes 15.
        let exponent = exponent - 112;
        if exponent >= 0x1f {
            return Self(sign | 0x7c00);
        }
        let (kept, dropped) = if exponent > 0 {
            let whole = (exponent as u32) << 23 | fraction;
            (whole >> 13, (whole & 0x1fff) << 19)
        } else if exponent > -11 {
            // Subnormal: the leading one becomes visible and moves down.
            let whole = fraction | 0x80_0000;
            let shift = (14 - exponent) as u32;
            (whole >> shift, whole << (32 - shift))
        } else {
            (0, 0)
        };
        // To the nearest, and of two alike to the even one; a carry runs into the exponent as it must.
        let up = dropped > 1 << 31 || (dropped == 1 << 31 && kept & 1 == 1);
        Self(sign | (kept + u32::from(up)) as u16)
    }

    /// The same number.
    pub fn to_f32(self) -> f32 {
        let sign = u32::from(self.0 & 0x8000) << 16;
        let (exponent, fraction) = (u32::from(self.0 >> 10) & 0x1f, u32::from(self.0 & 0x3ff));
        match exponent {
            0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
            // 2^-24 for each step.
            0 => {
                let small = fraction as f32 * (1.0 / 16_777_216.0);
                f32::from_bits(sign | small.to_bits())
            }
            _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
        }
    }
}

impl Bf16 {
    fn to_le_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    fn from_le_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_le_bytes(bytes))
    }

    /// The nearest one.
    ///
    /// ```
    /// use trunkline_core::infer::Bf16;
    ///
    /// assert_eq!(Bf16::from_f32(-1.5).to_f32(), -1.5);
    /// assert!(Bf16::from_f32(f32::NAN).to_f32().is_nan());
    /// ```
    pub fn from_f32(number: f32) -> Self {
        let bits = number.to_bits();
        if number.is_nan() {
            return Self((bits >> 16) as u16 | 0x40);
        }
        // To the nearest, and of two alike to the even one.
        let half = 0x7fff + (bits >> 16 & 1);
        Self((bits.wrapping_add(half) >> 16) as u16)
    }

    /// The same number.
    pub fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_comes_back_from_a_float() {
        for bits in 0..=u16::MAX {
            let half = F16(bits);
            let back = F16::from_f32(half.to_f32());
            if half.to_f32().is_nan() {
                assert!(back.to_f32().is_nan(), "{bits:#x}");
            } else {
                assert_eq!(back, half, "{bits:#x}");
            }
        }
    }

    #[test]
    fn halves_are_rounded_to_the_nearest_and_of_two_alike_to_the_even_one() {
        for (number, bits) in [
            (2049.0, 0x6800),
            (2051.0, 0x6802),
            (65519.9, 0x7bff),
            (65520.0, 0x7c00),
            (2.0_f32.powi(-25), 0x0000),
            (2.0_f32.powi(-25) * 1.001, 0x0001),
            (-(2.0_f32.powi(-24)), 0x8001),
        ] {
            assert_eq!(F16::from_f32(number), F16(bits), "{number}");
        }
    }

    #[test]
    fn names_lead_back() {
        for this in DataType::ALL {
            assert_eq!(DataType::parse(this.as_str()), Some(this));
            assert_eq!(serde_json::to_string(&this).unwrap(), format!("\"{this}\""));
        }
        assert_eq!(DataType::parse("fp32"), None);
    }
}
