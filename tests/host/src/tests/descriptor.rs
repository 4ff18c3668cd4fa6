// SPDX-License-Identifier: GPL-2.0

//! Each descriptor is one word, and each word is one descriptor or none.

use crate::{
    ghost::value::Value,
    swap::descriptor::{
        self, device_of, InBlock, Invalid, Location, HANDLE_BITS, MAX_DEVICES, MAX_POOLS, PAGE_LEN,
    },
};
use proptest::prelude::*;

pub(super) type Descriptor = descriptor::Descriptor<Value>;

fn location() -> impl Strategy<Value = Location> {
    (0..1u64 << HANDLE_BITS, 1..=PAGE_LEN, 0..MAX_POOLS, 0..4u8).prop_map(
        |(handle, len, pool, mark)| Location {
            handle,
            len,
            pool,
            mark,
        },
    )
}

pub(super) fn descriptor() -> impl Strategy<Value = Descriptor> {
    prop_oneof![
        Just(Descriptor::Empty),
        any::<u32>().prop_map(|word| Descriptor::Value(Value::SameFilled(word))),
        location().prop_map(Descriptor::Object),
        slot().prop_map(Descriptor::Physical),
        Just(Descriptor::Value(Value::Lost)),
        in_block().prop_map(Descriptor::Packed),
    ]
}

fn in_block() -> impl Strategy<Value = InBlock> {
    (
        0..MAX_DEVICES as u64,
        1..1u64 << 32,
        0..16u8,
        0..MAX_POOLS,
        any::<u16>(),
    )
        .prop_map(|(device, offset, index, pool, seal)| InBlock {
            entry: (device << 58) | offset,
            index,
            pool,
            seal,
        })
}

/// A swap entry: the number of the device above 58 bits of offset, which a
/// descriptor has 55 of.
fn slot() -> impl Strategy<Value = u64> {
    (0..MAX_DEVICES as u64, 1..1u64 << 55).prop_map(|(device, offset)| (device << 58) | offset)
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(desc in descriptor()) {
        prop_assert_eq!(Descriptor::decode(desc.encode().unwrap()), Ok(desc));
    }

    #[test]
    fn a_slot_is_on_one_device(device in 0..MAX_DEVICES, offset in 0..1u64 << 58) {
        let entry = ((device as u64) << 58) | offset;
        prop_assert_eq!(device_of(entry), device);
        prop_assert!(device_of(entry | (1 << 63)) < MAX_DEVICES);
    }

    #[test]
    fn what_is_decoded_encodes_to_the_same_word(word: u64) {
        match Descriptor::decode(word) {
            Ok(desc) => prop_assert_eq!(desc.encode(), Some(word)),
            Err(Invalid(invalid)) => prop_assert_eq!(invalid, word),
        }
    }

    #[test]
    fn no_two_descriptors_share_a_word(a in descriptor(), b in descriptor()) {
        prop_assert_eq!(a == b, a.encode() == b.encode());
    }

    #[test]
    fn slots_out_of_range_are_refused(slot in slot(), bit in 55..58u32) {
        for wrong in [0, slot | (1 << 63), slot | (1 << bit)] {
            prop_assert_eq!(Descriptor::Physical(wrong).encode(), None);
        }
    }

    #[test]
    fn blocks_out_of_range_are_refused(at in in_block(), bit in 32..58u32) {
        for wrong in [
            InBlock { entry: 0, ..at },
            InBlock { entry: at.entry | (1 << bit), ..at },
            InBlock { entry: at.entry | (1 << 63), ..at },
            InBlock { index: 16, ..at },
            InBlock { pool: MAX_POOLS, ..at },
        ] {
            prop_assert_eq!(Descriptor::Packed(wrong).encode(), None);
        }
    }

    #[test]
    fn fields_out_of_range_are_refused(at in location(), big in 1u64 << HANDLE_BITS..) {
        for wrong in [
            Location { handle: big, ..at },
            Location { len: 0, ..at },
            Location { len: PAGE_LEN + 1, ..at },
            Location { pool: MAX_POOLS, ..at },
            Location { mark: 4, ..at },
        ] {
            prop_assert_eq!(Descriptor::Object(wrong).encode(), None);
        }
    }
}

#[test]
fn the_extremes_fit() {
    let least = Location {
        handle: 0,
        len: 1,
        pool: 0,
        mark: 0,
    };
    let most = Location {
        handle: (1 << HANDLE_BITS) - 1,
        len: PAGE_LEN,
        pool: MAX_POOLS - 1,
        mark: 3,
    };
    for desc in [Descriptor::Object(least), Descriptor::Object(most)] {
        assert_eq!(Descriptor::decode(desc.encode().unwrap()), Ok(desc));
    }
}

#[test]
fn an_empty_slot_is_a_zeroed_word() {
    assert_eq!(Descriptor::Empty.encode(), Some(0));
    assert_eq!(Descriptor::decode(0), Ok(Descriptor::Empty));
}

#[test]
fn a_used_slot_is_never_a_zeroed_word() {
    assert_ne!(Descriptor::Value(Value::SameFilled(0)).encode(), Some(0));
}

#[test]
fn stray_words_are_invalid() {
    // An empty or same-filled tag with stray bits, a pool that cannot be, unused tags.
    for word in [
        1 << 3,
        1 | (1 << 3),
        1 | (1 << 31),
        2 | (15 << 58),
        3,
        4 | (1 << 3),
        5,
        5 | (1 << 3) | (15 << 44),
        6,
        7,
        u64::MAX,
    ] {
        assert_eq!(Descriptor::decode(word), Err(Invalid(word)), "{word:#x}");
    }
}

/// A driver whose words look as if they owned something, and which takes any for its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Liar(u64);

impl descriptor::ValueEncoding for Liar {
    const MARK: u8 = 0;

    fn encode(self) -> u64 {
        self.0
    }

    fn decode(word: u64) -> Option<Self> {
        Some(Self(word))
    }
}

proptest! {
    #[test]
    fn a_value_is_never_taken_for_empty_or_for_what_owns_something(word: u64) {
        let encoded = descriptor::Descriptor::Value(Liar(word)).encode();
        let taken = matches!(word & 7, 0 | 2 | 3 | 5);
        prop_assert_eq!(encoded, (!taken).then_some(word));
    }
}
