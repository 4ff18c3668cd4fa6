// SPDX-License-Identifier: GPL-2.0
//! `/proc/swaps`: the swap devices that are on, in the order of their types.

use crate::GHOST;

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Its path, as the kernel writes it but for escapes.
    pub path: String,
    /// `partition`, `file` or `ghost`.
    pub kind: String,
    /// How many bytes it can hold.
    pub size: u64,
    /// Of these, used.
    pub used: u64,
    /// Devices of higher priority are used first.
    pub priority: i64,
}

impl Swap {
    /// Whether it is the ghost.
    pub fn is_ghost(&self) -> bool {
        self.kind == "ghost" || self.path == GHOST
    }

    /// Whether it is a zram device.
    pub fn is_zram(&self) -> bool {
        self.path
            .strip_prefix("/dev/zram")
            .is_some_and(|number| number.bytes().all(|c| c.is_ascii_digit()))
    }
}

/// Reads the lines. The heading and lines of another form are passed over.
pub fn parse(text: &str) -> Vec<Swap> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Swap> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [path, kind, size, used, priority] = words[..] else {
        return None;
    };
    let kib = |text: &str| text.parse::<u64>().ok()?.checked_mul(1024);
    Some(Swap {
        path: unescape(path),
        kind: kind.to_string(),
        size: kib(size)?,
        used: kib(used)?,
        priority: priority.parse().ok()?,
    })
}

/// Names have blanks as `\040`, and other bytes that would be mistaken likewise.
pub fn unescape(name: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), name.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let octal = (first == b'\\').then(|| after.get(..3)).flatten();
        let octal = octal
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_the_kernel() {
        let swaps = parse(
            "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n\
             /dev/ghostswap                          ghost\t\t501756\t\t1024\t\t32767\n\
             /swap\\040file\\040(deleted)            file\t\t1024\t\t0\t\t-2\n\
             /dev/zram0                              partition\t8\t\t4\t\t100\n",
        );
        assert_eq!(swaps.len(), 3);
        assert!(swaps[0].is_ghost() && !swaps[0].is_zram());
        assert_eq!((swaps[0].size, swaps[0].used), (501_756 << 10, 1 << 20));
        assert_eq!(swaps[1].path, "/swap file (deleted)");
        assert_eq!(swaps[1].priority, -2);
        assert!(swaps[2].is_zram());
    }

    #[test]
    fn names_that_only_look_alike() {
        let swap = |path: &str| parse(&format!("{path} partition 8 0 5")).remove(0);
        assert!(!swap("/dev/zram0p1").is_zram());
        assert!(!swap("/mnt/dev/zram0").is_zram());
        assert!(!swap("/dev/ghostswap2").is_ghost());
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn escapes(name in "[a-z \\\\\\t]{0,9}") {
            let escaped: String = name.bytes().map(|c| format!("\\{c:03o}")).collect();
            prop_assert_eq!(unescape(&escaped), name);
        }
    }
}
