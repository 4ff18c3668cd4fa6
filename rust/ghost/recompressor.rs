// SPDX-License-Identifier: GPL-2.0

//! Which compressor packs pages tighter that stay in memory: see `recompress.rs`.

use crate::compress::codec::Codec;
use kernel::{
    new_mutex,
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Mutex, //
    }, //
};

/// The compressor, if the kernel has it.
const DEFAULT: &CStr = c"zstd";

/// The recompressor.
#[pin_data]
pub(super) struct Recompressor {
    /// The name that was given, empty for none; `None` for the default.
    #[pin]
    name: Mutex<Option<CString>>,
    /// Whether there may be one, as far as is known: not if a pool for it could not be made.
    on: Atomic<bool>,
}

impl Recompressor {
    /// With this compressor, or the default. May sleep.
    pub(super) fn new(name: Option<&CStr>) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            name <- new_mutex!(name.map(CString::try_from).transpose()?, "vswap_recompressor"),
            on: Atomic::new(true),
        })
    }

    /// The name, empty for none. May sleep, and may load a module.
    pub(super) fn find(&self) -> Result<CString> {
        let mut name = self.name.lock();
        if name.is_none() {
            match Codec::find(DEFAULT) {
                Ok(()) => *name = Some(CString::try_from(DEFAULT)?),
                // There may be a module for it later.
                Err(ENOENT) => (),
                Err(e) => return Err(e),
            }
        }
        Ok(CString::try_from(name.as_deref().unwrap_or(c""))?)
    }

    /// The name as it was given, empty for none; the default, whether there is one or not. May sleep.
    pub(super) fn name(&self) -> Result<CString> {
        Ok(CString::try_from(
            self.name.lock().as_deref().unwrap_or(DEFAULT),
        )?)
    }

    /// Sets the name, empty for none. May sleep.
    pub(super) fn set_name(&self, name: CString) {
        let mut now = self.name.lock();
        *now = Some(name);
        self.on.store(true, Relaxed);
    }

    /// Whether it may be tried to make a pool for it. May be called anywhere.
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// No pool could be made for this one, empty for none: not until somebody says otherwise. May sleep.
    pub(super) fn give_up(&self, tried: &CStr) {
        let name = self.name.lock();
        // Another was set meanwhile.
        if name.as_deref().unwrap_or(c"") == tried {
            self.on.store(false, Relaxed);
        }
    }

    /// There may be one. May be called anywhere.
    pub(super) fn try_again(&self) {
        self.on.store(true, Relaxed);
    }
}
