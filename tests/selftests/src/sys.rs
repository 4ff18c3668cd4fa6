// SPDX-License-Identifier: GPL-2.0
//! System calls that the standard library does not have, as safe functions.

use std::ffi::CString;
use std::fs::File;
use std::io::{Error, Result};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Turns the result of a C function into one of Rust.
pub fn check(result: libc::c_long) -> Result<libc::c_long> {
    if result == -1 {
        Err(Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn c_path(path: &Path) -> Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// A priority is given.
const SWAP_FLAG_PREFER: libc::c_int = 0x8000;

/// Discard at swapon, and pages that are free.
const SWAP_FLAG_DISCARD: libc::c_int = 0x1_0000;
const SWAP_FLAG_DISCARD_PAGES: libc::c_int = 0x4_0000;

/// swapon(2): `priority` as in `swapon -p`.
pub fn swapon(path: impl AsRef<Path>, priority: Option<u16>) -> Result<()> {
    let flags = priority.map_or(0, |p| SWAP_FLAG_PREFER | libc::c_int::from(p));
    swapon_with(path.as_ref(), flags)
}

/// swapon(2) as by `swapon --discard=pages`.
pub fn swapon_discarding(path: impl AsRef<Path>) -> Result<()> {
    swapon_with(path.as_ref(), SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_PAGES)
}

fn swapon_with(path: &Path, flags: libc::c_int) -> Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` is a string that outlives the call.
    check(unsafe { libc::swapon(path.as_ptr(), flags) }.into()).map(drop)
}

/// swapoff(2).
pub fn swapoff(path: impl AsRef<Path>) -> Result<()> {
    let path = c_path(path.as_ref())?;
    // SAFETY: `path` is a string that outlives the call.
    check(unsafe { libc::swapoff(path.as_ptr()) }.into()).map(drop)
}

/// finit_module(2): what insmod does, without its messages.
pub fn insmod(file: &File, parameters: &str) -> Result<()> {
    let parameters = CString::new(parameters)?;
    // SAFETY: The string outlives the call, and the file is open.
    check(unsafe {
        libc::syscall(
            libc::SYS_finit_module,
            file.as_raw_fd(),
            parameters.as_ptr(),
            0,
        )
    })
    .map(drop)
}

/// delete_module(2).
pub fn rmmod(name: &str) -> Result<()> {
    let name = CString::new(name)?;
    // SAFETY: The string outlives the call.
    check(unsafe { libc::syscall(libc::SYS_delete_module, name.as_ptr(), libc::O_NONBLOCK) })
        .map(drop)
}

/// A character device's node.
pub fn mknod_char(path: impl AsRef<Path>, mode: u32, device: u64) -> Result<()> {
    let path = c_path(path.as_ref())?;
    // SAFETY: `path` is a string that outlives the call.
    check(unsafe { libc::mknod(path.as_ptr(), libc::S_IFCHR | mode, device) }.into()).map(drop)
}

/// memfd_create(2).
pub fn memfd(name: &str) -> Result<File> {
    let name = CString::new(name)?;
    // SAFETY: The string outlives the call.
    let fd = check(unsafe { libc::memfd_create(name.as_ptr(), 0) }.into())?;
    // SAFETY: The descriptor is new, nobody else owns it.
    Ok(unsafe { File::from_raw_fd(fd as i32) })
}

/// Makes a hole in a file.
pub fn punch_hole(file: &File, offset: usize, length: usize) -> Result<()> {
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: The file is open; no memory is involved.
    check(unsafe { libc::fallocate(file.as_raw_fd(), mode, offset as i64, length as i64) }.into())
        .map(drop)
}

/// Puts the pages that wait in per-CPU batches onto the LRU lists, where
/// reclaim can find them: madvise(2) does it for the processor it is called on.
pub fn drain_lru() -> Result<()> {
    // SAFETY: A cpu_set_t of zeros is an empty set.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let size = size_of_val(&allowed);
    // SAFETY: The set outlives the call.
    check(unsafe { libc::sched_getaffinity(0, size, &mut allowed) }.into())?;
    let (nowhere, access) = (std::ptr::null_mut(), libc::PROT_READ);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: A new mapping.
    let page = unsafe { libc::mmap(nowhere, crate::PAGE, access, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return Err(Error::last_os_error());
    }
    for cpu in 0..64 {
        // SAFETY: 64 is less than the set's size.
        if unsafe { libc::CPU_ISSET(cpu, &allowed) } {
            // SAFETY: As above.
            let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
            // SAFETY: As above.
            unsafe { libc::CPU_SET(cpu, &mut one) };
            // SAFETY: The set outlives the call.
            if unsafe { libc::sched_setaffinity(0, size, &one) } == 0 {
                // SAFETY: The page is mapped, and has nothing in it.
                check(unsafe { libc::madvise(page, crate::PAGE, libc::MADV_COLD) }.into())?;
            }
        }
    }
    // SAFETY: Nobody else knows of the page.
    check(unsafe { libc::munmap(page, crate::PAGE) }.into())?;
    // SAFETY: The set outlives the call.
    check(unsafe { libc::sched_setaffinity(0, size, &allowed) }.into()).map(drop)
}

/// Keeps in memory what the process has mapped by now, once it is there.
pub fn lock_all() -> Result<()> {
    // SAFETY: It changes no content.
    check(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_ONFAULT) }.into()).map(drop)
}

/// fork(2): 0 in the child, whose caller must not return into what is its parent's.
pub fn fork() -> Result<i32> {
    // SAFETY: Who forks has one thread, so the child may do what it likes.
    check(unsafe { libc::fork() }.into()).map(|pid| pid as i32)
}

/// Ends the process; nothing is dropped.
pub fn exit(status: i32) -> ! {
    // SAFETY: A plain system call.
    unsafe { libc::_exit(status) }
}

/// Makes the process the parent of all that come from it, when their own parents have
/// ended. None of its children has to be waited for any more.
pub fn adopt_orphans() -> Result<()> {
    // SAFETY: A plain system call.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }.into())?;
    // SAFETY: Nothing in this process handles the signal.
    match unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) } {
        libc::SIG_ERR => Err(Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Waits until the process has no children, where none has to be waited for: see
/// [`adopt_orphans`].
pub fn wait_for_children() -> Result<()> {
    loop {
        // SAFETY: No status is asked for.
        match check(unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) }.into()) {
            Err(e) if errno(&e) == libc::ECHILD => return Ok(()),
            Err(e) if errno(&e) != libc::EINTR => return Err(e),
            _ => {}
        }
    }
}

/// Number of processors that are on.
pub fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Gives up the processor.
pub fn pause_ms(ms: u64) {
    std::thread::sleep(std::time::Duration::from_millis(ms));
}

/// The error number of an I/O error, 0 for one of another kind.
pub fn errno(error: &Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

/// The name of an error number, for messages.
pub fn errno_name(number: i32) -> String {
    let known = [
        (0, "success"),
        (libc::EPERM, "EPERM"),
        (libc::ENOENT, "ENOENT"),
        (libc::EINTR, "EINTR"),
        (libc::ENOEXEC, "ENOEXEC"),
        (libc::ENOMEM, "ENOMEM"),
        (libc::EACCES, "EACCES"),
        (libc::EBUSY, "EBUSY"),
        (libc::EEXIST, "EEXIST"),
        (libc::ENODEV, "ENODEV"),
        (libc::EINVAL, "EINVAL"),
        (libc::ENOTTY, "ENOTTY"),
        (libc::ENOSPC, "ENOSPC"),
        (libc::EOPNOTSUPP, "EOPNOTSUPP"),
        (libc::EWOULDBLOCK, "EAGAIN"),
    ];
    let name = known
        .iter()
        .find(|(n, _)| *n == number)
        .map(|(_, name)| *name);
    name.map_or_else(|| format!("error {number}"), str::to_string)
}

/// Fails unless the call gave one of the wanted error numbers (0: success).
pub fn expect_errno<T>(result: Result<T>, wanted: &[i32], what: &str) -> crate::outcome::Outcome {
    let got = result.as_ref().err().map_or(0, errno);
    let names = |list: &[i32]| {
        list.iter()
            .map(|n| errno_name(*n))
            .collect::<Vec<_>>()
            .join(" or ")
    };
    ensure!(
        wanted.contains(&got),
        "{what}: expected {}, got {}",
        names(wanted),
        match &result {
            Err(e) => format!("{} ({e})", errno_name(got)),
            Ok(_) => "success".to_string(),
        }
    );
    Ok(())
}
