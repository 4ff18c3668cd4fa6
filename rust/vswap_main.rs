// SPDX-License-Identifier: GPL-2.0

//! vswap: virtual swap.
//!
//! The ghost swap device has slots but no storage. This module says for each page that is swapped
//! out to it where the page is kept, in an 8-byte descriptor: nowhere, as it is one word repeated;
//! compressed in memory; or in a slot of another swap device.

use kernel::prelude::*;

mod age;
mod backend;
mod bindings;
mod descriptor;
mod device;
mod ghost;
mod mm;
mod ops;
mod params;
mod parse;
mod pool;
mod reclaim;
mod stats;
mod table;

use device::GhostDevice;
use ghost::Ghost;
use kernel::{debugfs, miscdevice::MiscDeviceRegistration, sync::Arc};

module! {
    type: Vswap,
    name: "vswap",
    authors: ["The vswap developers"],
    description: "Virtual swap: a ghost swap device whose pages are kept where they fit best",
    license: "GPL",
}

/// The module. Fields are dropped from the top: nobody may come in any more before the ghost goes.
#[pin_data]
struct Vswap {
    _registration: ops::Registration,
    #[pin]
    _files: debugfs::Scope<Arc<Ghost>>,
    #[pin]
    device: MiscDeviceRegistration<GhostDevice>,
    ghost: Arc<Ghost>,
}

impl kernel::InPlaceModule for Vswap {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            ghost: Arc::pin_init(Ghost::new(params::first_compressor()), GFP_KERNEL)?,
            device <- MiscDeviceRegistration::register(device::OPTIONS),
            _files <- stats::files(ghost.clone()),
            _registration: ops::Registration::new(ghost.clone(), &device)?,
        })
    }
}
