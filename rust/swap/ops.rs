// SPDX-License-Identifier: GPL-2.0

//! The functions that the swap core calls, as calls of [`SwapBackend`].
//!
//! They are made for one driver at compile time, so nothing is called through the trait.

use super::{
    backend::{
        StoreFlags,
        Sum,
        SwapBackend, //
    },
    block::BlockRef,
    ghost_on::GhostOn,
    slots::{
        SharedSlots,
        Slots, //
    }, //
};
use crate::{
    bindings,
    mm::{
        folio::SwapFolio,
        shrinker::ShrinkerRegistration, //
    },
    module::driver::Published,
    sync::srcu_table::SpinLocked, //
};
use kernel::{
    error::{
        from_result,
        to_result, //
    },
    miscdevice::{
        MiscDevice,
        MiscDeviceRegistration, //
    },
    prelude::*,
    sync::Arc, //
};

/// The swap core knows of the driver as long as this lives.
///
/// # Invariants
///
/// `ops` are registered.
pub(crate) struct Registration<B: SwapBackend> {
    ops: KBox<bindings::vswap_ops>,
    // The swap core has it in `ops`.
    _shrinker: ShrinkerRegistration<B>,
    // Dropped last: the swap core's calls need it.
    _published: Published<B>,
}

// SAFETY: `ops` has no pointers to what is bound to a thread, and nobody writes to it.
unsafe impl<B: SwapBackend> Send for Registration<B> {}
// SAFETY: As above, and `Published` is `Sync`.
unsafe impl<B: SwapBackend> Sync for Registration<B> {}

impl<B: SwapBackend> Registration<B> {
    /// Offers the ghost to swapon(2) under the name of `device`. May sleep.
    ///
    /// `EBUSY`: the kernel has another.
    pub(crate) fn new<D: MiscDevice>(
        backend: Arc<B>,
        device: &MiscDeviceRegistration<D>,
        begin: impl FnOnce(&Published<B>) -> Result,
    ) -> Result<Self> {
        // SAFETY: The device is registered, so its minor number is set and does not change.
        let minor = unsafe { (*device.as_raw()).minor } as u32;
        let shrinker = ShrinkerRegistration::new(backend.clone())?;
        let ops = KBox::new(
            bindings::vswap_ops {
                size: size_of::<bindings::vswap_ops>(),
                dev: bindings::MISC_MAJOR << bindings::MINORBITS | minor,
                shrinker: shrinker.as_ptr(),
                activate: Some(activate::<B>),
                deactivate: Some(deactivate::<B>),
                store: Some(store::<B>),
                load: Some(load::<B>),
                invalidate: Some(invalidate::<B>),
                slot: Some(slot::<B>),
                write_back: Some(write_back::<B>),
                sharer: Some(sharer::<B>),
                evacuate: Some(evacuate::<B>),
                usage: Some(usage::<B>),
                capacity: Some(capacity::<B>),
                has_room: Some(has_room::<B>),
            },
            GFP_KERNEL,
        )?;
        let published = Published::new(backend)?;
        begin(&published)?;
        // SAFETY: `ops` stays where it is until it is unregistered, when this is dropped.
        to_result(unsafe { bindings::vswap_register(&*ops) })?;
        // INVARIANT: They were just registered.
        Ok(Self {
            ops,
            _shrinker: shrinker,
            _published: published,
        })
    }
}

impl<B: SwapBackend> Drop for Registration<B> {
    fn drop(&mut self) {
        // SAFETY: They are registered by the type invariant. The ghost is off: while it is on,
        // swapon(2) keeps the device open, and so the module loaded.
        unsafe { bindings::vswap_unregister(&*self.ops) };
    }
}

// The swap core calls these while the registration lives, which keeps the driver published. See
// `struct vswap_ops` for what it promises besides.

/// May sleep.
///
/// # Safety
///
/// The [`Registration`] must live until this returns.
unsafe extern "C" fn activate<B: SwapBackend>() -> c_long {
    // SAFETY: The caller promises that the registration lives.
    match unsafe { B::instance().as_ptr().as_ref() } {
        Some(backend) => backend.activate() as c_long,
        None => ENODEV.to_errno() as c_long,
    }
}

/// May sleep.
///
/// # Safety
///
/// As for [`activate`].
unsafe extern "C" fn deactivate<B: SwapBackend>() {
    // SAFETY: As in `activate()`.
    if let Some(backend) = unsafe { B::instance().as_ptr().as_ref() } {
        backend.deactivate();
    }
}

/// The folio lock is held; may sleep.
///
/// # Safety
///
/// `folio` must be null, or locked, in the swap cache and mapped nowhere, and nobody else may access its
/// contents until this returns. `descs` must point to the descriptors of its slots, one for each page,
/// which live as long as the folio is in the swap cache, and which are for the holder of its lock to
/// change. `sum` must be valid, and nobody else may access it. The [`Registration`] must live until this
/// returns.
unsafe extern "C" fn store<B: SwapBackend>(
    folio: *mut bindings::folio,
    descs: *mut bindings::atomic_long_t,
    how: c_uint,
    sum: *mut Sum,
) -> c_int {
    let flags = StoreFlags {
        compress: how & bindings::VSWAP_COMPRESS != 0,
        physical: how & bindings::VSWAP_PHYSICAL != 0,
    };
    from_result(|| {
        // SAFETY: The caller promises all of this. The swap core does so as the folio was never mapped, or
        // as nobody else has a reference to it: nobody changes its contents while it is stored.
        let (folio, mut slots, sum, backend) = unsafe {
            let folio = SwapFolio::from_raw(folio).ok_or(EINVAL)?;
            let slots = Slots::new(SharedSlots::from_raw(descs, folio.nr_pages()));
            (folio, slots, &mut *sum, B::instance().as_ptr().as_ref())
        };
        let backend = backend.ok_or(ENODEV)?;
        backend.store(&folio, &mut slots, flags, sum)?;
        Ok(0)
    })
}

/// The folio lock is held; may sleep.
///
/// # Safety
///
/// As for [`store`].
unsafe extern "C" fn load<B: SwapBackend>(
    folio: *mut bindings::folio,
    descs: *mut bindings::atomic_long_t,
    sum: *mut Sum,
) -> c_int {
    from_result(|| {
        // SAFETY: The caller promises all of this. The swap core does so as the folio is not uptodate:
        // nobody reads its contents or maps it until it is unlocked.
        let (mut folio, slots, sum, backend) = unsafe {
            let folio = SwapFolio::from_raw(folio).ok_or(EINVAL)?;
            let slots = Slots::new(SharedSlots::from_raw(descs, folio.nr_pages()));
            (folio, slots, &mut *sum, B::instance().as_ptr().as_ref())
        };
        let backend = backend.ok_or(ENODEV)?;
        backend.load(&mut folio, &slots, sum)?;
        Ok(0)
    })
}

/// A cluster lock is held: does not sleep.
///
/// # Safety
///
/// `descs` must point to `nr` descriptors of a cluster whose lock, a spinlock, is held until this returns,
/// and no folio may be in their slots. `sum` and the [`Registration`] are as for [`store`].
unsafe extern "C" fn invalidate<B: SwapBackend>(
    descs: *mut bindings::atomic_long_t,
    nr: c_uint,
    sum: *mut Sum,
) {
    // SAFETY: The caller promises all of this. The descriptors are not freed while the lock is held, and
    // as there is no folio its holder has them to himself.
    let (mut slots, lock, sum, backend) = unsafe {
        let slots = Slots::new(SharedSlots::from_raw(descs, nr as usize));
        (
            slots,
            SpinLocked::assume(),
            &mut *sum,
            B::instance().as_ptr().as_ref(),
        )
    };
    if let Some(backend) = backend {
        backend.invalidate(&lock, &mut slots, sum);
    }
}

/// Does not sleep.
///
/// # Safety
///
/// `desc` must point to the descriptor of a slot that is in use until this returns.
unsafe extern "C" fn slot<B: SwapBackend>(
    desc: *const bindings::atomic_long_t,
    shared: bool,
) -> c_ulong {
    // SAFETY: The caller promises it: a cluster with a slot in use has its descriptors.
    let slots = unsafe { SharedSlots::<B::Value>::from_raw(desc.cast_mut(), 1) };
    let entry = match shared {
        true => slots.physical_or_shared(0),
        false => slots.physical(0),
    };
    entry.unwrap_or(0) as c_ulong
}

/// May sleep.
///
/// # Safety
///
/// The device of the swap entry `slot` must not be freed, and the ghost stay on, until this returns. The
/// [`Registration`] must live until then.
unsafe extern "C" fn sharer<B: SwapBackend>(slot: c_ulong, after: c_ulong) -> c_ulong {
    // SAFETY: The caller promises all of this.
    let (block, mut on, backend) = unsafe {
        (
            BlockRef::from_raw(slot as u64),
            GhostOn::new(),
            B::instance().as_ptr().as_ref(),
        )
    };
    let after = (after != c_ulong::MAX).then_some(after);
    let found = backend.and_then(|backend| backend.sharer(&mut on, block, after));
    found.map_or(c_ulong::MAX, |slot| slot as c_ulong)
}

/// The folio lock is held; may sleep.
///
/// # Safety
///
/// As for [`store`], with a folio of one page.
unsafe extern "C" fn write_back<B: SwapBackend>(
    folio: *mut bindings::folio,
    desc: *mut bindings::atomic_long_t,
    sum: *mut Sum,
) -> c_int {
    from_result(|| {
        // SAFETY: As in `load()`, with a folio of one page.
        let (mut folio, mut slots, sum, backend) = unsafe {
            let folio = SwapFolio::from_raw(folio).ok_or(EINVAL)?;
            let slots = Slots::new(SharedSlots::from_raw(desc, 1));
            (folio, slots, &mut *sum, B::instance().as_ptr().as_ref())
        };
        let backend = backend.ok_or(ENODEV)?;
        backend.write_back(&mut folio, &mut slots, sum)?;
        Ok(0)
    })
}

/// The folio lock is held; does not sleep.
///
/// # Safety
///
/// `desc` must point to the descriptor of a slot whose folio is locked until this returns. The
/// [`Registration`] is as for [`store`].
unsafe extern "C" fn evacuate<B: SwapBackend>(
    desc: *mut bindings::atomic_long_t,
    slot: c_ulong,
    lost: bool,
) -> bool {
    // SAFETY: The caller promises all of this. Whoever has the lock of the slot's folio has the descriptor
    // to himself.
    let (mut slots, backend) = unsafe {
        let slots = Slots::new(SharedSlots::from_raw(desc, 1));
        (slots, B::instance().as_ptr().as_ref())
    };
    backend.is_some_and(|backend| backend.evacuate(&mut slots, slot as u64, lost))
}

/// In an RCU read side: does not sleep.
///
/// # Safety
///
/// Both pointers must be valid, and nobody else may access what they point to. The [`Registration`] must
/// live until this returns; vswap_unregister() waits for it.
unsafe extern "C" fn usage<B: SwapBackend>(pool_pages: *mut c_ulong, stored_pages: *mut c_ulong) {
    // SAFETY: The caller promises all of this.
    let (pool_pages, stored_pages, backend) = unsafe {
        (
            &mut *pool_pages,
            &mut *stored_pages,
            B::instance().as_ptr().as_ref(),
        )
    };
    (*pool_pages, *stored_pages) = backend.map_or((0, 0), B::usage);
}

/// In an RCU read side: does not sleep.
///
/// # Safety
///
/// The [`Registration`] must live until this returns; vswap_unregister() waits for it.
unsafe extern "C" fn capacity<B: SwapBackend>(used: c_ulong) -> c_ulong {
    // SAFETY: The caller promises this.
    let backend = unsafe { B::instance().as_ptr().as_ref() };
    backend.map_or(used, |backend| backend.capacity(used))
}

/// In an RCU read side: does not sleep.
///
/// # Safety
///
/// As for [`capacity`].
unsafe extern "C" fn has_room<B: SwapBackend>() -> bool {
    // SAFETY: The caller promises this.
    let backend = unsafe { B::instance().as_ptr().as_ref() };
    backend.is_some_and(B::has_room)
}
