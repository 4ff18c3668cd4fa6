// SPDX-License-Identifier: GPL-2.0
//! The selftests: see tests/selftests/run.

use selftests::{harness, tests};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    std::process::exit(harness::main(tests::ALL, &arguments));
}
