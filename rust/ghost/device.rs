// SPDX-License-Identifier: GPL-2.0

//! `/dev/ghostswap`: a name for swapon(2), and a swap header for tools that read it before they call
//! swapon(2).

use super::settings;
use kernel::{
    fs::{
        File,
        Kiocb, //
    },
    iov::IovIterDest,
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

/// An open `/dev/ghostswap`.
pub(crate) struct GhostDevice;

/// How the device is registered.
pub(crate) const OPTIONS: MiscDeviceOptions = MiscDeviceOptions { name: c"ghostswap" };

/// Where the parts of a swap header are, see `union swap_header` in `include/linux/swap.h`.
const VERSION: usize = 1024;
const LAST_PAGE: usize = 1028;
const MAGIC_TEXT: &[u8] = b"SWAPSPACE2";
const MAGIC: usize = PAGE_SIZE - MAGIC_TEXT.len();

/// The header of a swap area of `pages` pages, as mkswap would write it.
fn header(pages: u64) -> Result<KVec<u8>> {
    let mut header = KVec::from_elem(0u8, PAGE_SIZE, GFP_KERNEL)?;
    // Only for tools to show: the kernel does not read it, so it may be too small.
    let last_page = u32::try_from(pages - 1).unwrap_or(u32::MAX);
    header[VERSION..VERSION + 4].copy_from_slice(&1u32.to_ne_bytes());
    header[LAST_PAGE..LAST_PAGE + 4].copy_from_slice(&last_page.to_ne_bytes());
    header[MAGIC..].copy_from_slice(MAGIC_TEXT);
    Ok(header)
}

#[vtable]
impl MiscDevice for GhostDevice {
    type Ptr = KBox<Self>;

    fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
        Ok(KBox::new(Self, GFP_KERNEL)?)
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let header = header(settings::size_in_pages())?;
        iov.simple_read_from_buffer(kiocb.ki_pos_mut(), &header)
    }
}
