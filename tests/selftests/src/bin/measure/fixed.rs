// SPDX-License-Identifier: GPL-2.0
//! What turning a device on costs, by its size.

use crate::devices::first_module;
use crate::options::Options;
use crate::report::Case;
use selftests::kernel;
use selftests::outcome::Outcome;

/// See above. A device that cannot be had in this size is a figure too: a line
/// that says "fails".
pub fn run(options: &Options) -> Outcome {
    let device = options.device()?;
    let size = options.size.clone().unwrap_or_default();
    let case = Case {
        part: "static",
        device: &device,
        data: &size,
        folios: "4k",
    };
    first_module()?;
    let before = kernel::unused_memory()?;
    match device.on() {
        Ok(cost) => {
            let taken = (before - kernel::unused_memory()?) / 1024;
            case.say("ram", "KiB", taken);
            case.say("swapon", "instructions", cost);
        }
        Err(error) => {
            eprintln!("measure: {} of {size}: {error}", device.contender);
            case.say("ram", "KiB", "fails");
            case.say("swapon", "instructions", "fails");
        }
    }
    Ok(())
}
