// SPDX-License-Identifier: GPL-2.0

//! What C calls, turned into calls of safe Rust: the swap core's operations on the ghost, the
//! module's parameters, the worker.

use crate::{
    bindings,
    device::GhostDevice,
    ghost::{Ghost, May, Tally},
    mm::{
        folio::SwapFolio,
        params as params_lock,
        slots::{SharedSlots, Slots},
        srcu_table::SpinLocked,
        work,
    },
    params::{self, Param},
};
use core::{ptr, slice};
use kernel::{
    error::{from_result, to_result},
    miscdevice::MiscDeviceRegistration,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            ordering::{Acquire, Release},
            Atomic,
        },
        Arc,
    },
};

/// The ghost that a [`Registration`] keeps, or null.
static GHOST: Atomic<*mut Ghost> = Atomic::new(ptr::null_mut());

/// Calls `f` with the ghost, if there is one.
///
/// # Safety
///
/// The [`Registration`] must not be dropped meanwhile.
unsafe fn with_ghost<R>(f: impl FnOnce(Option<&Ghost>) -> R) -> R {
    // SAFETY: The pointer is null or that of the registration's `Arc`, which the caller promises not to
    // go away.
    f(unsafe { GHOST.load(Acquire).as_ref() })
}

/// The swap core knows of the ghost as long as this lives.
pub(crate) struct Registration {
    ops: KBox<bindings::vswap_ops>,
    _ghost: Arc<Ghost>,
}

// SAFETY: `ops` is only read, by the swap core.
unsafe impl Send for Registration {}
// SAFETY: As above; there are no methods.
unsafe impl Sync for Registration {}

impl Registration {
    /// Offers the ghost to swapon(2) under the name of `device`. May sleep.
    ///
    /// `EBUSY`: the kernel has another.
    pub(crate) fn new(
        ghost: Arc<Ghost>,
        device: &MiscDeviceRegistration<GhostDevice>,
    ) -> Result<Self> {
        // SAFETY: The device is registered, so its minor number is set and does not change.
        let minor = unsafe { (*device.as_raw()).minor } as u32;
        let ops = KBox::new(
            bindings::vswap_ops {
                size: size_of::<bindings::vswap_ops>(),
                dev: bindings::MISC_MAJOR << bindings::MINORBITS | minor,
                activate: Some(activate),
                deactivate: Some(deactivate),
                store: Some(store),
                load: Some(load),
                invalidate: Some(invalidate),
                slot: Some(slot),
                write_back: Some(write_back),
                evacuate: Some(evacuate),
                pick: Some(pick),
                shrinks: Some(shrinks),
                usage: Some(usage),
            },
            GFP_KERNEL,
        )?;
        GHOST.store(ptr::from_ref(&*ghost).cast_mut(), Release);
        // SAFETY: `ops` stays where it is until it is unregistered, when this is dropped.
        let ret = to_result(unsafe { bindings::vswap_register(&*ops) });
        if let Err(e) = ret {
            clear_ghost();
            return Err(e);
        }
        Ok(Self { ops, _ghost: ghost })
    }
}

fn clear_ghost() {
    params_lock::locked(|| GHOST.store(ptr::null_mut(), Release));
    work::retire_cancel();
    work::write_back_cancel();
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: They were registered in `new()`. The ghost is off: while it is on, swapon(2) keeps
        // the device open, and so the module loaded.
        unsafe { bindings::vswap_unregister(&*self.ops) };
        clear_ghost();
    }
}

/// How many pages of descriptors there are.
pub(crate) fn desc_pages() -> usize {
    // SAFETY: May be called at any time.
    unsafe { bindings::vswap_desc_pages() }
}

/// Tells the swap core what an operation did, for it to account for.
///
/// # Safety
///
/// `sum` must be valid, and nobody else may access it.
unsafe fn tell(sum: *mut bindings::vswap_sum, tally: &Tally) {
    // SAFETY: The caller promises that it is valid and ours alone.
    unsafe {
        *sum = bindings::vswap_sum {
            zero: tally.zero,
            objects: tally.objects,
            whole: tally.whole,
            bytes: tally.bytes,
            placed: tally.placed,
        }
    };
}

/// [`vswap_ops::activate`](srctree/include/linux/vswap.h). May sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn activate() -> c_long {
    // SAFETY: The swap core calls this only while the registration lives.
    unsafe {
        with_ghost(|ghost| match ghost {
            Some(ghost) => ghost.activate() as c_long,
            None => ENODEV.to_errno() as c_long,
        })
    }
}

/// [`vswap_ops::deactivate`](srctree/include/linux/vswap.h). May sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn deactivate() {
    // SAFETY: The swap core calls this only while the registration lives.
    unsafe { with_ghost(|ghost| ghost.map(Ghost::deactivate)) };
}

/// [`vswap_ops::store`](srctree/include/linux/vswap.h). The folio lock is held; may sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn store(
    folio: *mut bindings::folio,
    descs: *mut bindings::atomic_long_t,
    how: c_uint,
    sum: *mut bindings::vswap_sum,
) -> c_int {
    let may = May {
        compress: how & bindings::VSWAP_COMPRESS != 0,
        place: how & bindings::VSWAP_PLACE != 0,
    };
    // SAFETY: The swap core passes a locked folio of the swap cache that was never mapped, or to which
    // nobody else has a reference, so that nobody changes its contents while it is stored.
    let folio = unsafe { SwapFolio::from_raw(folio) };
    from_result(|| {
        let folio = folio.ok_or(EINVAL)?;
        // SAFETY: The swap core passes the descriptors of the folio's slots, one for each page, which
        // live as long as the slots are in use; the folio in the swap cache sees to that, and is
        // locked.
        let slots = unsafe { Slots::from_raw(descs, folio.nr_pages()) };
        let mut tally = Tally::default();
        // SAFETY: The swap core calls this only while the registration lives.
        let stored = unsafe {
            with_ghost(|ghost| ghost.ok_or(ENODEV)?.store(&folio, &slots, may, &mut tally))
        };
        // SAFETY: The swap core passes a sum of its own.
        unsafe { tell(sum, &tally) };
        stored.map(|()| 0)
    })
}

/// [`vswap_ops::load`](srctree/include/linux/vswap.h). The folio lock is held; may sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn load(
    folio: *mut bindings::folio,
    descs: *mut bindings::atomic_long_t,
    sum: *mut bindings::vswap_sum,
) -> c_int {
    // SAFETY: The swap core passes a locked folio of the swap cache that is not uptodate, so nobody
    // reads its contents or maps it until it is unlocked.
    let folio = unsafe { SwapFolio::from_raw(folio) };
    from_result(|| {
        let mut folio = folio.ok_or(EINVAL)?;
        // SAFETY: As in `store()`.
        let slots = unsafe { Slots::from_raw(descs, folio.nr_pages()) };
        let mut tally = Tally::default();
        // SAFETY: The swap core calls this only while the registration lives.
        unsafe { with_ghost(|ghost| ghost.ok_or(ENODEV)?.load(&mut folio, &slots, &mut tally)) }?;
        // SAFETY: The swap core passes a sum of its own.
        unsafe { tell(sum, &tally) };
        Ok(0)
    })
}

/// [`vswap_ops::invalidate`](srctree/include/linux/vswap.h). A cluster lock is held: does not sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn invalidate(
    descs: *mut bindings::atomic_long_t,
    nr: c_uint,
    sum: *mut bindings::vswap_sum,
) {
    // SAFETY: The swap core passes `nr` descriptors of a cluster whose lock it holds, so they are not
    // freed meanwhile, and in the slots of which there is no folio.
    let slots = unsafe { Slots::from_raw(descs, nr as usize) };
    // SAFETY: The cluster lock is one.
    let lock = unsafe { SpinLocked::assume() };
    let mut tally = Tally::default();
    // SAFETY: The swap core calls this only while the registration lives.
    unsafe { with_ghost(|ghost| ghost.map(|g| g.invalidate(&lock, &slots, &mut tally))) };
    // SAFETY: The swap core passes a sum of its own.
    unsafe { tell(sum, &tally) };
}

/// [`vswap_ops::slot`](srctree/include/linux/vswap.h). Does not sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn slot(desc: *const bindings::atomic_long_t) -> c_ulong {
    // SAFETY: The swap core passes the descriptor of a slot in use.
    let slots = unsafe { SharedSlots::from_raw(desc.cast_mut(), 1) };
    slots.placed(0).unwrap_or(0) as c_ulong
}

/// [`vswap_ops::write_back`](srctree/include/linux/vswap.h). The folio lock is held; may sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn write_back(
    folio: *mut bindings::folio,
    desc: *mut bindings::atomic_long_t,
    sum: *mut bindings::vswap_sum,
) -> c_int {
    // SAFETY: As in `load()`.
    let folio = unsafe { SwapFolio::from_raw(folio) };
    from_result(|| {
        let mut folio = folio.ok_or(EINVAL)?;
        // SAFETY: As in `store()`.
        let slots = unsafe { Slots::from_raw(desc, 1) };
        let mut tally = Tally::default();
        // SAFETY: The swap core calls this only while the registration lives.
        unsafe {
            with_ghost(|ghost| {
                ghost
                    .ok_or(ENODEV)?
                    .write_back(&mut folio, &slots, &mut tally)
            })
        }?;
        // SAFETY: The swap core passes a sum of its own.
        unsafe { tell(sum, &tally) };
        Ok(0)
    })
}

/// [`vswap_ops::evacuate`](srctree/include/linux/vswap.h). The folio lock is held; does not sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn evacuate(
    desc: *mut bindings::atomic_long_t,
    slot: c_ulong,
    lost: bool,
) -> bool {
    // SAFETY: As in `store()`.
    let slots = unsafe { Slots::from_raw(desc, 1) };
    // SAFETY: The swap core calls this only while the registration lives.
    unsafe {
        with_ghost(|ghost| ghost.is_some_and(|ghost| ghost.evacuate(&slots, slot as u64, lost)))
    }
}

/// [`vswap_ops::pick`](srctree/include/linux/vswap.h). A cluster lock is held: does not sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn pick(
    descs: *mut bindings::atomic_long_t,
    chosen: *mut c_ulong,
    most: c_ulong,
) -> c_uint {
    const SLOTS: usize = PAGE_SIZE / size_of::<bindings::atomic_long_t>();
    // SAFETY: The swap core passes the descriptors of a cluster, a page, and holds the cluster's lock.
    let slots = unsafe { SharedSlots::from_raw(descs, SLOTS) };
    // SAFETY: The swap core passes a bitmap of its own, with a bit for each.
    let chosen = unsafe { slice::from_raw_parts_mut(chosen, SLOTS / usize::BITS as usize) };
    // SAFETY: The swap core calls this only while the registration lives.
    let passed =
        unsafe { with_ghost(|ghost| ghost.map_or(0, |ghost| ghost.pick(&slots, chosen, most))) };
    passed as c_uint
}

/// [`vswap_ops::shrinks`](srctree/include/linux/vswap.h). Does not sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn shrinks() -> bool {
    params::shrinker_enabled()
}

/// [`vswap_ops::usage`](srctree/include/linux/vswap.h). In an RCU read side: does not sleep.
///
/// # Safety
///
/// For the swap core, which keeps to what `struct vswap_ops` says.
unsafe extern "C" fn usage(pool_pages: *mut c_ulong, stored_pages: *mut c_ulong) {
    // SAFETY: The swap core waits for this when the registration is dropped.
    let (pool, stored) = unsafe {
        with_ghost(|ghost| ghost.map_or((0, 0), |g| (g.pool_pages(), g.pages_in_memory() as usize)))
    };
    // SAFETY: The swap core passes pointers to variables of its own.
    unsafe {
        *pool_pages = pool;
        *stored_pages = stored;
    }
}

fn param(index: c_uint) -> Result<Param> {
    Ok(match index {
        bindings::vswap_param_VSWAP_PARAM_SIZE => Param::Size,
        bindings::vswap_param_VSWAP_PARAM_COMPRESSOR => Param::Compressor,
        bindings::vswap_param_VSWAP_PARAM_MAX_POOL_PERCENT => Param::MaxPoolPercent,
        bindings::vswap_param_VSWAP_PARAM_ACCEPT_PERCENT => Param::AcceptThresholdPercent,
        bindings::vswap_param_VSWAP_PARAM_SHRINKER_ENABLED => Param::ShrinkerEnabled,
        _ => return Err(EINVAL),
    })
}

/// Sets a parameter to the text `val`. The parameter lock is held; may sleep.
///
/// # Safety
///
/// `val` must be null or a valid string.
#[no_mangle]
pub(crate) unsafe extern "C" fn vswap_param_set(index: c_uint, val: *const c_char) -> c_int {
    from_result(|| {
        if val.is_null() {
            return Err(EINVAL);
        }
        // SAFETY: The caller promises a valid string.
        let text = unsafe { CStr::from_char_ptr(val) };
        let text = text.to_str().map_err(|_| EINVAL)?;
        // SAFETY: The registration clears the pointer under the parameter lock before it goes away.
        unsafe { with_ghost(|ghost| params::set(param(index)?, text, ghost)) }?;
        Ok(0)
    })
}

/// Writes a parameter's value to `buf`. The parameter lock is held; may sleep.
///
/// # Safety
///
/// `buf` must have room for `size` bytes.
#[no_mangle]
pub(crate) unsafe extern "C" fn vswap_param_get(
    index: c_uint,
    buf: *mut c_char,
    size: usize,
) -> c_int {
    from_result(|| {
        // SAFETY: The registration clears the pointer under the parameter lock before it goes away.
        let text = unsafe { with_ghost(|ghost| params::get(param(index)?, ghost)) }?;
        let bytes = text.to_bytes_with_nul();
        if bytes.len() > size {
            return Err(EINVAL);
        }
        // SAFETY: There is room for the bytes, and they do not overlap: `text` is new.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buf.cast(), bytes.len()) };
        Ok(bytes.len() as c_int - 1)
    })
}

/// Retires idle pools; returns whether to come again. Runs in a worker, may sleep.
#[no_mangle]
pub(crate) extern "C" fn vswap_retire_pools() -> bool {
    // SAFETY: The registration waits for the worker before it goes away.
    unsafe { with_ghost(|ghost| ghost.is_some_and(|ghost| ghost.pools.retire())) }
}

/// Writes pages back until the pools have room. Runs in a worker, may sleep.
#[no_mangle]
pub(crate) extern "C" fn vswap_make_room() {
    // SAFETY: The registration waits for the worker before it goes away.
    unsafe { with_ghost(|ghost| ghost.map(Ghost::make_room)) };
}
