// SPDX-License-Identifier: GPL-2.0
//! Switches of swap devices: off and on, and devices that fail.

use super::board::FAULTS;
use super::limits;
use super::switches::State;
use crate::disk::Disk;
use crate::ghost::{counter, set_parameter, Counters, DEVICE};
use crate::inject;
use crate::kernel;
use crate::outcome::{Doing, Outcome, Stop};
use crate::sys;
use crate::worker::{End, Worker};

pub const INJECTOR: &str = "/sys/kernel/debug/failslab";
/// What the first disk has, and the second.
const PRIORITIES: [u16; 2] = [10, 5];

fn is_on(path: &str) -> Outcome<bool> {
    Ok(kernel::swaps()?
        .iter()
        .any(|line| line.path.ends_with(path.trim_start_matches("/dev"))))
}

/// Turns a device off. It may fail: there is no room, or it is interrupted. It
/// is on then. Says whether it is off.
fn off(state: &mut State, path: &str) -> Outcome<bool> {
    let worker = Worker::start(|| match sys::swapoff(path) {
        Ok(()) => Ok(()),
        Err(e) if [libc::ENOMEM, libc::EINTR].contains(&sys::errno(&e)) => skip!("{e}"),
        Err(e) => Err(e).doing(format_args!("swapoff {path}")),
    })?;
    if state.rng.below(4) == 0 {
        sys::pause_ms(state.rng.below(300) as u64);
        worker.signal(libc::SIGKILL);
    }
    let wanted = match worker.end()? {
        End::Done(Ok(())) => Some(false),
        End::Done(Err(Stop::Skip(_))) => Some(true),
        End::Done(Err(failure)) => return Err(failure),
        // It may have been ready.
        End::Killed(libc::SIGKILL) => None,
        End::Killed(signal) => fail!("swapoff was ended by signal {signal}"),
    };
    let on = is_on(path)?;
    if let Some(wanted) = wanted {
        ensure_eq!(on, wanted, "whether {path} is on after swapoff");
    }
    Ok(!on)
}

/// Turns the ghost off and, perhaps with another size, on.
pub fn ghost(state: &mut State) -> Outcome<bool> {
    limits::relax(state)?;
    if !off(state, DEVICE)? {
        return Ok(false);
    }
    Counters::read()?.ensure_nothing_stored()?;
    let sizes = ["256M", "1G", "100G"];
    set_parameter("size", sizes[state.rng.below(sizes.len())])?;
    sys::pause_ms(state.rng.below(1000) as u64);
    state.ghost.on().map(|()| true)
}

/// Turns a disk off and on, or leaves it off for a while.
pub fn disk(state: &mut State) -> Outcome<bool> {
    let number = state.rng.below(state.disks.len());
    let path = state.disks[number].path();
    if !is_on(path)? {
        return on(&state.disks[number], number).map(|()| true);
    }
    if !off(state, path)? {
        return Ok(false);
    }
    if state.disks.len() == 1 {
        ensure_eq!(
            counter("physical_pages")?,
            0,
            "physical_pages with the only disk off"
        );
    }
    Ok(true)
}

/// Turns a disk on: the first has the higher priority.
pub fn on(disk: &Disk, number: usize) -> Outcome {
    sys::swapon(disk.path(), Some(PRIORITIES[number])).doing(format_args!("swapon {}", disk.path()))
}

/// Turns all devices on that are not.
pub fn all_on(state: &State) -> Outcome {
    for (number, disk) in state.disks.iter().enumerate() {
        if !is_on(disk.path())? {
            on(disk, number)?;
        }
    }
    if !is_on(DEVICE)? {
        state.ghost.on()?;
    }
    Ok(())
}

/// For a while, pages cannot be read from the disk or written to it. Others may
/// turn it off meanwhile, and then lose what is there.
pub fn disk_faults(state: &mut State) -> Outcome<bool> {
    let Some(faulty) = state.faulty else {
        return Ok(false);
    };
    state.board.step(FAULTS);
    faulty.fail()?;
    sys::pause_ms(state.rng.below(500) as u64);
    let path = state.disks[0].path();
    if state.rng.below(4) == 0 && is_on(path)? {
        off(state, path)?;
    }
    faulty.work()?;
    state.board.step(FAULTS);
    Ok(true)
}

/// For a while, some of the allocations fail that may not wait.
pub fn allocation_faults(state: &mut State) -> Outcome<bool> {
    let percent = [1, 10, 50][state.rng.below(3)];
    state.board.step(FAULTS);
    inject::arm(percent, false)?;
    sys::pause_ms(state.rng.below(1000) as u64);
    inject::arm(0, false)?;
    state.board.step(FAULTS);
    Ok(true)
}
