// SPDX-License-Identifier: GPL-2.0

//! The swap unit's text. What it needs and follows is in the package's drop-in for the unit's name,
//! which also holds for a unit that the administrator or `/etc/fstab` has made.

use crate::settings::Settings;
use std::fmt::Write;

/// The unit's name. systemd makes it of the device's path.
pub const NAME: &str = "dev-ghostswap.swap";

/// The text of the swap unit.
pub fn swap(settings: &Settings) -> String {
    let mut text = String::from(
        "# Made by vswap-generator of vswap.conf\n\
         [Unit]\n\
         Description=Ghost Swap Device\n\
         Documentation=man:vswap.conf(5) man:vswap(4)\n\
         \n\
         [Swap]\n\
         What=/dev/ghostswap\n",
    );
    if let Some(priority) = settings.priority {
        // Writing to a string does not fail.
        let _ = writeln!(text, "Priority={priority}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_there_only_if_set() {
        let mut settings = Settings::default();
        assert!(!swap(&settings).contains("Priority"));
        settings.priority = Some(12);
        assert!(swap(&settings).ends_with("[Swap]\nWhat=/dev/ghostswap\nPriority=12\n"));
    }
}
