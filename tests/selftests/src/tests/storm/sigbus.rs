// SPDX-License-Identifier: GPL-2.0
//! A page that cannot be read back is SIGBUS. The handler drops the page, so that
//! the access continues with an empty one, and reports it.

use super::area::{Area, Backing};
use crate::PAGE;
use std::fmt::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{compiler_fence, AtomicBool, AtomicPtr, AtomicUsize, Ordering};

static AREAS: AtomicPtr<Area> = AtomicPtr::new(std::ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static LOST: AtomicBool = const { AtomicBool::new(false) };
    /// In a child, a lost page ends the process: its memory is the parent's too.
    static CHILD: AtomicBool = const { AtomicBool::new(false) };
}

/// How a child ends that could not read a page.
pub const CHILD_LOST: i32 = 3;

/// Handles SIGBUS on these areas.
pub fn handle(areas: &'static [Area]) {
    COUNT.store(areas.len(), Ordering::SeqCst);
    AREAS.store(areas.as_ptr().cast_mut(), Ordering::SeqCst);
    // SAFETY: A sigaction of zeros is a valid one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_sigbus as extern "C" fn(_, _, _) as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: The handler makes system calls only.
    unsafe { libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut()) };
}

/// From now on this is a child.
pub fn in_child() {
    CHILD.with(|child| child.store(true, Ordering::SeqCst));
}

/// Runs an access; says whether a page was lost in it.
pub fn lost(access: impl FnOnce()) -> bool {
    LOST.with(|lost| {
        lost.store(false, Ordering::SeqCst);
        compiler_fence(Ordering::SeqCst);
        access();
        compiler_fence(Ordering::SeqCst);
        lost.load(Ordering::SeqCst)
    })
}

extern "C" fn on_sigbus(_: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: The kernel passes the signal's information, and the registers.
    let (info, context) = unsafe { (&*info, &*context.cast::<libc::ucontext_t>()) };
    // Without memory to queue it in, the kernel sends a signal without information.
    let address = match info.si_code {
        libc::SI_USER => context.uc_mcontext.gregs[libc::REG_CR2 as usize] as usize,
        // SAFETY: It is there for a SIGBUS of the kernel's.
        _ => unsafe { info.si_addr() as usize },
    };
    let address = address & !(PAGE - 1);
    if CHILD.with(|child| child.load(Ordering::SeqCst)) {
        // SAFETY: Ends the process.
        unsafe { libc::_exit(CHILD_LOST) };
    }
    let (areas, count) = (AREAS.load(Ordering::SeqCst), COUNT.load(Ordering::SeqCst));
    for number in 0..count {
        // SAFETY: Set by `handle`, for good.
        let area = unsafe { &*areas.add(number) };
        let start = area.address();
        if (start..start + area.pages() * PAGE).contains(&address) {
            LOST.with(|lost| lost.store(true, Ordering::SeqCst));
            if drop_page(area, address, address - start) {
                return;
            }
        }
    }
    // No page of the storm, or one that stays: the access is tried again, and
    // ends the process.
    let mut text = Line::default();
    let _ = writeln!(
        text,
        "# SIGBUS at {address:#x}, code {}, which is no page of an area",
        info.si_code
    );
    // SAFETY: Plain system calls; the text outlives them.
    unsafe {
        libc::write(2, text.bytes.as_ptr().cast(), text.length);
        libc::signal(libc::SIGBUS, libc::SIG_DFL);
    }
}

/// Text made without memory from a heap, as a handler has to.
struct Line {
    bytes: [u8; 80],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: [0; 80],
            length: 0,
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let place = self.bytes.get_mut(self.length..end);
        place
            .ok_or(std::fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

fn drop_page(area: &Area, address: usize, offset: usize) -> bool {
    // Others may have locked it.
    // SAFETY: The page is the storm's, and its content is lost.
    let gone = unsafe { libc::madvise(address as *mut _, PAGE, libc::MADV_DONTNEED_LOCKED) };
    if let Backing::Shared(file) | Backing::Private(file) = &area.backing {
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: The file is open.
        unsafe { libc::fallocate(file.as_raw_fd(), mode, offset as i64, PAGE as i64) };
    }
    gone == 0
}
