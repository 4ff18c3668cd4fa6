// SPDX-License-Identifier: GPL-2.0
//! Numbers as people read them.

/// Bytes with a prefix of powers of 1024 and at most four digits, as zramctl and swapon write them:
/// `0B`, `512B`, `1.5K`, `34.2M`, `1023G`.
pub fn bytes(n: u64) -> String {
    const PREFIXES: [&str; 7] = ["B", "K", "M", "G", "T", "P", "E"];
    let (mut value, mut prefix) = (n as f64, 0);
    // What would be rounded to 1024 is one of the next.
    while value >= 1023.5 && prefix + 1 < PREFIXES.len() {
        value /= 1024.0;
        prefix += 1;
    }
    if prefix == 0 || value >= 99.95 {
        return format!("{value:.0}{}", PREFIXES[prefix]);
    }
    let text = format!("{value:.1}");
    format!(
        "{}{}",
        text.strip_suffix(".0").unwrap_or(&text),
        PREFIXES[prefix]
    )
}

/// Bytes that may be fewer than none.
pub fn signed_bytes(n: i64) -> String {
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{}", bytes(n.unsigned_abs()))
}

/// A ratio: `2.97`; `-` where there is none.
pub fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_string(), |ratio| format!("{ratio:.2}"))
}

/// How many times `small` goes into `large`; `None` for what takes nothing.
pub fn ratio_of(large: u64, small: u64) -> Option<f64> {
    (small > 0).then(|| large as f64 / small as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_of_all_sizes() {
        for (n, text) in [
            (0, "0B"),
            (1, "1B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1536, "1.5K"),
            (102_348, "99.9K"),
            (102_400, "100K"),
            (1_048_575, "1M"),
            (1 << 30, "1G"),
            (16 << 40, "16T"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(bytes(n), text, "{n}");
        }
        assert_eq!(signed_bytes(-4096), "-4K");
        assert_eq!(signed_bytes(i64::MIN), "-8E");
    }

    #[test]
    fn ratios() {
        assert_eq!(ratio(ratio_of(3, 2)), "1.50");
        assert_eq!(ratio(ratio_of(3, 0)), "-");
    }

    proptest! {
        #[test]
        fn bytes_are_short_and_near(n in any::<u64>()) {
            let text = bytes(n);
            prop_assert!(text.len() <= 5, "{text}");
            let (value, prefix) = text.split_at(text.len() - 1);
            let power = "BKMGTPE".find(prefix).unwrap() as i32;
            let back = value.parse::<f64>().unwrap() * 1024f64.powi(power);
            prop_assert!((back - n as f64).abs() <= 0.06 * n as f64, "{n} is {text}");
        }
    }
}
