// SPDX-License-Identifier: GPL-2.0
//! `vswapctl migrate zram --apply` puts the ghost in the place of zram, while pages are out: none is lost,
//! and what would turn zram on at the next boot no longer does. A step that fails leaves zram on.

use crate::data::Kind;
use crate::disk::{command, remove_zram, Disk};
use crate::ghost::{swap_line, Ghost};
use crate::harness::Env;
use crate::kernel;
use crate::mapping::Mapping;
use crate::outcome::{Doing, Outcome};
use crate::vswapctl::{run as vswapctl, run_as_root};
use std::fs;
use std::path::Path;

const OWNER: u32 = 420;
const PAGES: usize = 4096;
const FSTAB: &str = "/etc/fstab";
const LOAD: &str = "/etc/modules-load.d/vswap.conf";
const GENERATOR: &str = "/etc/systemd/zram-generator.conf";
const SAVED: &str = ".before-vswap";

/// See above.
pub fn run(_: &Env) -> Outcome {
    let fstab = fs::read_to_string(FSTAB).unwrap_or_default();
    let result = migrate();
    // The guest is as before for the tests that follow.
    for file in [LOAD, GENERATOR, FSTAB] {
        let _ = fs::remove_file(format!("{file}{SAVED}"));
        let _ = fs::remove_file(file);
    }
    fs::write(FSTAB, fstab).doing(FSTAB)?;
    result
}

fn migrate() -> Outcome {
    let ghost = Ghost::load("")?;
    let zram = Disk::zram(256 << 20)?;
    command("mkswap", &[zram.path()])?;
    zram.on()?;
    fs::create_dir_all("/etc/systemd").doing("/etc/systemd")?;
    fs::write(GENERATOR, "[zram0]\nzram-size = ram\n").doing(GENERATOR)?;
    let mut map = Mapping::private(PAGES)?;
    map.fill(map.all(), Kind::Mixed, OWNER, 0);
    map.page_out(map.all())?;
    ensure!(
        zram.used()? >= PAGES as u64,
        "only {} pages are on zram",
        zram.used()?
    );

    // It only shows what it would do, to anybody.
    let shown = vswapctl(&["migrate", "zram"])?;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    ensure!(
        shown.status.success() && text.contains("swapon /dev/ghostswap"),
        "migrate zram: {}: {text}",
        shown.status
    );
    ensure!(
        swap_line()?.is_none(),
        "the ghost is on, which was to be shown"
    );

    // A directory in the place of a file: it cannot be written.
    fs::create_dir_all(format!("{LOAD}/in-the-way")).doing(LOAD)?;
    let failed = run_as_root(&["migrate", "zram", "--apply"])?;
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    ensure!(
        !failed.status.success() && said.contains(LOAD) && said.contains("Not done"),
        "with {LOAD} in the way: {}: {said}",
        failed.status
    );
    ensure!(swap_line()?.is_some(), "the ghost is off");
    let generator = fs::read_to_string(GENERATOR).doing(GENERATOR)?;
    ensure!(
        generator.contains("[zram0]"),
        "zram was disabled and the ghost not set up: {generator}"
    );
    fs::remove_dir_all(LOAD).doing(LOAD)?;

    // It goes on from there.
    let done = run_as_root(&["migrate", "zram", "--apply"])?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(
        done.status.success(),
        "migrate zram --apply: {}: {said}",
        done.status
    );
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        println!("# {line}");
    }
    let swaps = kernel::swaps()?;
    ensure!(
        swaps.len() == 1 && swaps[0].kind == "ghost",
        "swap is on {swaps:?}"
    );
    map.check(map.all(), Kind::Mixed, OWNER, 0)?;
    map.page_out(map.all())?;
    map.check(map.all(), Kind::Mixed, OWNER, 0)?;
    ensure_eq!(kernel::read(LOAD)?, "vswap", "{LOAD}");
    let fstab = fs::read_to_string(FSTAB).doing(FSTAB)?;
    ensure_eq!(
        fstab.matches("/dev/ghostswap").count(),
        1,
        "lines of the ghost in: {fstab}"
    );
    let generator = fs::read_to_string(GENERATOR).doing(GENERATOR)?;
    ensure!(
        !generator.contains("\n["),
        "it is not disabled: {generator}"
    );
    ensure!(
        Path::new(&format!("{GENERATOR}{SAVED}")).exists(),
        "the former file is gone"
    );
    ensure_eq!(
        kernel::read("/sys/block/zram0/disksize")?,
        "0",
        "zram's size after its reset"
    );

    let nothing = vswapctl(&["migrate", "zram"])?;
    let text = String::from_utf8_lossy(&nothing.stdout).into_owned();
    ensure!(text.contains("nothing to replace"), "once more: {text}");
    drop(map);
    ghost.stop()?;
    remove_zram()
}
