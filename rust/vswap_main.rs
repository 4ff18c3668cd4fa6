// SPDX-License-Identifier: GPL-2.0

//! vswap: virtual swap.
//!
//! The ghost swap device has slots but no storage. This module says for each page that is swapped
//! out to it where the page is kept, in an 8-byte descriptor: nowhere, as it is one word repeated;
//! compressed in memory; or in a slot of another swap device.
//!
//! The folders are layers: `ghost` (the driver), `pools`, `compress`; and the wrappers `swap`,
//! `crypto`, `module`, `mm` and `sync`, where all unsafe code is. Each uses those that come later;
//! scripts/layers checks that.

use kernel::prelude::*;

mod bindings;
mod compress;
mod crypto;
mod ghost;
mod mm;
mod module;
mod pools;
mod swap;
mod sync;

use ghost::{
    device,
    device::GhostDevice,
    settings,
    state::Ghost, //
};
use kernel::{
    miscdevice::MiscDeviceRegistration,
    sync::Arc, //
};
use module::{
    debugfs,
    idle,
    oom,
    sysfs, //
};
use swap::ops::Registration;

module! {
    type: Vswap,
    name: "vswap",
    authors: ["The vswap developers"],
    description: "Virtual swap: a ghost swap device whose pages are kept where they fit best",
    license: "GPL",
}

module::callbacks::define!(Ghost);

/// The module. Fields are dropped in this order: the swap core lets go first, then the files in debugfs
/// and sysfs go with what is left of the registration, then the device, whose callbacks are code of this module.
#[pin_data]
struct Vswap {
    registration: Registration<Ghost>,
    #[pin]
    device: MiscDeviceRegistration<GhostDevice>,
    ghost: Arc<Ghost>,
}

impl kernel::InPlaceModule for Vswap {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            ghost: Arc::pin_init(
                Ghost::new(settings::first_compressor(), settings::first_recompressor()),
                GFP_KERNEL,
            )?,
            device <- MiscDeviceRegistration::register(device::OPTIONS),
            registration: Registration::new(ghost.clone(), &device, |published| {
                sysfs::start(published, &device)?;
                debugfs::add_files(published);
                oom::start(published)?;
                idle::start(published)
            })?,
        })
    }
}
