// SPDX-License-Identifier: GPL-2.0
//! Operations on pages that others use too: a child, the kernel, another
//! process.

use super::area::{Area, Backing, PAGES};
use super::board::{ADDRESSES, AREAS, FAULTS, PIDS};
use super::model::Hold;
use super::operations::may_refuse;
use super::process::Thread;
use super::sigbus::{self, CHILD_LOST};
use crate::data::Kind;
use crate::outcome::{Doing, Outcome};
use crate::{sys, PAGE};
use std::fs::File;
use std::io::{Error, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;

/// A child writes to its copy, or to what is shared, and has it go out; the
/// parent writes to its own at the same time.
pub fn fork(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(|_| true), thread.pages(32));
    let mut hold = thread.hold(area, pages);
    hold.check_all()?;
    // SAFETY: The child makes system calls, and uses memory of its own.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        child(&mut hold);
    }
    if pid < 0 {
        return may_refuse(Err(Error::last_os_error()), "fork");
    }
    let shared = matches!(area.backing, Backing::Shared(_));
    if !shared {
        for index in hold.range() {
            hold.write(index, Kind::Mixed)?;
        }
    }
    let mut status = 0;
    // SAFETY: The child is this thread's own.
    sys::check(unsafe { libc::waitpid(pid, &mut status, 0) }.into()).doing("waitpid")?;
    match (libc::WIFEXITED(status), libc::WEXITSTATUS(status)) {
        (true, 0) if shared => hold
            .range()
            .for_each(|index| hold.written_by_child(index, Kind::Mixed)),
        (true, 0) => {}
        (true, CHILD_LOST) if thread.board().get(FAULTS) > 0 => {
            if let Backing::Shared(file) = &area.backing {
                // It may have written some of it.
                let range = hold.range();
                sys::punch_hole(file, range.start * PAGE, range.len() * PAGE)
                    .doing("making a hole")?;
                range.for_each(|index| hold.discarded(index));
            }
        }
        _ => fail!("a child ended with status {status:#x}"),
    }
    hold.check_all().map(|()| true)
}

fn child(hold: &mut Hold) -> ! {
    sigbus::in_child();
    // SAFETY: Plain system calls.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let mut work = || {
        hold.check_all()?;
        hold.diverge();
        for index in hold.range() {
            hold.write(index, Kind::Mixed)?;
        }
        let _ = hold.area.advise(hold.range(), libc::MADV_PAGEOUT);
        hold.check_all()
    };
    let status = match work() {
        Ok(()) => 0,
        Err(stop) => {
            let text = format!("# in a child: {stop}\n");
            // SAFETY: The text outlives the call. Another thread may have had a
            // lock of the standard library's when this process was made.
            unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
            1
        }
    };
    // SAFETY: Ends the process.
    unsafe { libc::_exit(status) }
}

/// The number of the page frame that a page is in, if it is mapped.
fn frame(area: &Area, index: usize) -> Outcome<Option<u64>> {
    let mut entry = [0; 8];
    let place = (area.page(index) as usize / PAGE * 8) as u64;
    File::open("/proc/self/pagemap")
        .and_then(|file| file.read_exact_at(&mut entry, place))
        .doing("reading /proc/self/pagemap")?;
    let entry = u64::from_ne_bytes(entry);
    Ok((entry >> 63 == 1).then_some(entry & ((1 << 55) - 1)))
}

/// Pins pages: they stay in their frames, whoever wants them out.
pub fn pin(thread: &mut Thread) -> Outcome<bool> {
    let area = thread.area(|area| !matches!(area.backing, Backing::Private(_)));
    let pages = thread.pages(32);
    let mut hold = thread.hold(area, pages);
    let range = hold.range();
    let (from, length) = (area.page(range.start), range.len() * PAGE);
    match thread.ring.pin(from, length) {
        // One of them cannot be read; looking finds out whether that may be.
        Err(e) if sys::errno(&e) == libc::EFAULT && thread.board().get(FAULTS) > 0 => {
            hold.check_all()?;
            return Ok(false);
        }
        result => {
            if !may_refuse(result, "pinning")? {
                return Ok(false);
            }
        }
    }
    hold.check_all()?;
    let before = range
        .clone()
        .map(|index| frame(area, index))
        .collect::<Outcome<Vec<_>>>()?;
    let _ = area.advise(range.clone(), libc::MADV_PAGEOUT);
    hold.write(range.start, Kind::Mixed)?;
    hold.check_all()?;
    for (index, before) in range.clone().zip(before) {
        let after = frame(area, index)?;
        if let (Some(before), Some(after)) = (before, after) {
            ensure_eq!(after, before, "frame of page {index}, which is pinned");
        }
    }
    thread.ring.unpin().doing("unpinning")?;
    hold.check_all().map(|()| true)
}

/// A pipe has the pages, and they go out.
pub fn splice(thread: &mut Thread) -> Outcome<bool> {
    let (area, pages) = (thread.area(|_| true), thread.pages(16));
    let mut hold = thread.hold(area, pages);
    hold.check_all()?;
    let range = hold.range();
    if !range.clone().all(|index| hold.is_known(index)) {
        return Ok(false);
    }
    let mut fds = [0; 2];
    // SAFETY: Room for two descriptors.
    sys::check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) }.into())
        .doing("making a pipe")?;
    // SAFETY: The descriptors are new, nobody else owns them.
    let (mut end, mouth) = unsafe { (File::from_raw_fd(fds[0]), File::from_raw_fd(fds[1])) };
    let memory = libc::iovec {
        iov_base: area.page(range.start).cast(),
        iov_len: range.len() * PAGE,
    };
    let to = mouth.as_raw_fd();
    // SAFETY: The pages stay as they are until they have been read back.
    let given = unsafe { libc::vmsplice(to, &memory, 1, libc::SPLICE_F_NONBLOCK) };
    let given = sys::check(given as libc::c_long);
    let given = match given {
        Ok(given) => given as usize / PAGE,
        Err(e) if sys::errno(&e) == libc::EFAULT && thread.board().get(FAULTS) > 0 => {
            hold.check_all()?;
            return Ok(false);
        }
        Err(e) => return may_refuse(Err(e), "vmsplice"),
    };
    let _ = area.advise(range.clone(), libc::MADV_PAGEOUT);
    let mut bytes = [0; PAGE];
    for index in range.take(given) {
        end.read_exact(&mut bytes).doing("reading a pipe")?;
        hold.compare(index, &bytes)?;
    }
    hold.check_all().map(|()| true)
}

/// Advice on another process's memory, which that one knows nothing of.
pub fn other(thread: &mut Thread) -> Outcome<bool> {
    let plan = thread.process.plan;
    let number = thread.rng.below(plan.processes);
    let pid = plan.board.get(PIDS + number);
    let area = thread.rng.below(thread.process.areas.len());
    let address = plan.board.get(ADDRESSES + number * AREAS + area);
    if pid == 0 || address == 0 {
        return Ok(false);
    }
    let pages = thread.pages(PAGES);
    let advices = [
        libc::MADV_PAGEOUT,
        libc::MADV_PAGEOUT,
        libc::MADV_COLD,
        libc::MADV_WILLNEED,
        libc::MADV_COLLAPSE,
    ];
    let advice = advices[thread.rng.below(advices.len())];
    // SAFETY: A plain system call.
    let fd = sys::check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) });
    let Ok(fd) = fd else { return Ok(false) };
    // SAFETY: The descriptor is new, nobody else owns it.
    let process = unsafe { File::from_raw_fd(fd as i32) };
    let memory = libc::iovec {
        iov_base: (address as usize + pages.start * PAGE) as *mut _,
        iov_len: (PAGES - pages.start).min(pages.len()) * PAGE,
    };
    let fd = process.as_raw_fd();
    // SAFETY: The advice changes no contents.
    let result = sys::check(unsafe {
        libc::syscall(libc::SYS_process_madvise, fd, &memory, 1usize, advice, 0)
    });
    match result {
        // It ended, or the area has moved.
        Err(e) if [libc::ESRCH, libc::EFAULT, libc::EBADF].contains(&sys::errno(&e)) => Ok(false),
        other => may_refuse(other.map(drop), "process_madvise"),
    }
}
