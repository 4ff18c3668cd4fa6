// SPDX-License-Identifier: GPL-2.0

//! The LZ4 block format, made for pages: small inputs of known length.
//!
//! A block is a row of sequences: some literal bytes, then a match, which is bytes that were there
//! before, as a distance and a length. The last sequence has literals only.
//!
//! ```text
//! | token: 4 bits number of literals, 4 bits length of the match less 4 |
//! | more of the number, if it is 15 or more: bytes of 255, then another one, to be added |
//! | literals | distance, 2 bytes, little endian | more of the length, in the same way |
//! ```
//!
//! What is written here the kernel's own decoder reads, and the other way round.

mod decode;
mod encode;

pub(crate) use self::{
    decode::decode,
    encode::{
        encode,
        ENTRIES, //
    }, //
};
