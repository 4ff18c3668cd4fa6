// SPDX-License-Identifier: GPL-2.0
//! `status`: each figure, its forms, and what it does where files are missing.

mod common;

use common::Tree;
use serde_json::Value;

fn schema() -> jsonschema::Validator {
    let schema = serde_json::from_str(include_str!("../schema/status.schema.json")).unwrap();
    assert!(
        jsonschema::meta::is_valid(&schema),
        "the schema itself is wrong"
    );
    jsonschema::validator_for(&schema).unwrap()
}

fn json(tree: &Tree) -> Value {
    let value = serde_json::from_str(&tree.prints(&["status", "--json"])).unwrap();
    let errors: Vec<_> = schema()
        .iter_errors(&value)
        .map(|e| format!("{}: {e}", e.instance_path))
        .collect();
    assert!(errors.is_empty(), "{errors:#?} in {value:#}");
    value
}

#[test]
fn the_table() {
    let text = Tree::ghost().prints(&["status"]);
    let wanted = "\
TIER        BY             SIZE STORED ORIGINAL COMPRESSED MEMORY RATIO SAVED OUT/s IN/s BACK/s
same-filled -                 -    100     400K         0B     0B     -  400K     -    -      -
pool0       lz4               -    300     1.2M       400K   408K  3.00  792K     -    -      -
pool1       zstd*             -    600     2.3M       800K   816K  3.00  1.5M     -    -      -
tier1       /dev/vdb       256M    128     512K       512K     0B  1.00  512K     -    -      -
total       /dev/ghostswap   1G   1128     4.4M       1.7M   1.2M  2.64  3.2M  4.1K   1K   524B
";
    assert_eq!(text, wanted, "\n{text}");
}

#[test]
fn exact_numbers_of_some_columns() {
    let columns = "tier,stored,original,compressed,memory,saved,out";
    let text = Tree::ghost().prints(&["status", "--bytes", "--noheadings", "--output", columns]);
    let lines: Vec<Vec<_>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[2],
        ["pool1", "600", "2457600", "819200", "835584", "1622016", "-"]
    );
    assert_eq!(
        lines[4],
        ["total", "1128", "4620288", "1753088", "1269632", "3350656", "4194"]
    );
}

#[test]
fn json_has_each_figure() {
    let value = json(&Tree::ghost());
    assert_eq!(value["module"]["max_pool_percent"], "auto");
    assert_eq!(value["ghost"]["priority"], 32767);
    assert_eq!(value["counters"]["reject_incompressible"], 5);
    let pool = &value["tiers"][2];
    assert_eq!(
        (&pool["tier"], &pool["compressor"]),
        (&"pool1".into(), &"zstd".into())
    );
    assert_eq!(pool["compressed_bytes"], 819_200);
    assert_eq!(pool["ratio"], 3.0);
    assert_eq!(value["tiers"][3]["device"], "/dev/vdb");
    assert_eq!(value["tiers"][3]["size_bytes"], 256 << 20);
    assert_eq!(value["total"]["memory_bytes"], 1_253_376 + 16_256);
    assert_eq!(value["total"]["compressed_bytes"], 1_228_800 + 524_288);
    assert_eq!(value["rates"]["since_boot"], true);
    assert_eq!(value["rates"]["out_bytes_per_second"], 4194.304);
}

#[test]
fn json_with_bytes_is_the_same() {
    let tree = Tree::ghost();
    assert_eq!(
        tree.prints(&["status", "--json", "--bytes"]),
        tree.prints(&["status", "--json"])
    );
}

#[test]
fn json_where_things_are_missing() {
    for (what, tree) in [
        ("nothing can be read", Tree::empty()),
        ("no module", Tree::patched()),
        ("the ghost is off", Tree::patched().module()),
        (
            "no device file",
            Tree::ghost().without("sys/class/misc/ghostswap/tier1/device"),
        ),
        (
            "no sums",
            Tree::ghost().without("sys/class/misc/ghostswap/stats"),
        ),
        ("no vmstat", Tree::ghost().without("proc/vmstat")),
        (
            "a limit in percent",
            Tree::ghost().parameter("max_pool_percent", 20),
        ),
        (
            "the device is off",
            Tree::ghost().file("sys/class/misc/ghostswap/tier1/device", "(off)\n"),
        ),
        (
            "odd numbers",
            Tree::ghost().file("sys/class/misc/ghostswap/stats/stored_pages", "\u{0}x\n"),
        ),
    ] {
        println!("{what}");
        json(&tree);
    }
}

/// The schema is of use: it finds what is wrong.
#[test]
fn the_schema_refuses_other_forms() {
    let good = json(&Tree::ghost());
    let changes: [fn(&mut Value); 4] = [
        |value| value["format"] = 2.into(),
        |value| value["tiers"][0]["stored_pages"] = (-1).into(),
        |value| value["total"]["ratio"] = "2.5".into(),
        |value| drop(value.as_object_mut().unwrap().remove("rates")),
    ];
    for change in changes {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(!schema().is_valid(&bad), "{bad:#}");
    }
}

#[test]
fn a_tier_without_a_name() {
    // An older module: which device it is cannot be known, so none is guessed.
    let tree = Tree::ghost().without("sys/class/misc/ghostswap/tier1/device");
    let value = json(&tree);
    assert_eq!(value["tiers"].as_array().unwrap().len(), 4);
    assert_eq!(value["tiers"][3]["device"], Value::Null);
    assert!(tree.prints(&["status"]).contains("\ntier1       -  "));
}

#[test]
fn a_disk_that_is_off_and_one_that_is_new() {
    let tree = Tree::ghost()
        .file("sys/class/misc/ghostswap/tier1/device", "(off)\n")
        .swaps(&[
            "/dev/ghostswap ghost 1048576 0 32767",
            "/swap\\040file file 1024 0 -2",
        ]);
    let text = tree.prints(&["status", "-o", "tier,by,size"]);
    assert!(
        text.contains("\ntier1       (off)             -\n"),
        "{text}"
    );
    assert!(
        text.contains("\ntier        /swap file       1M\n"),
        "{text}"
    );
}

#[test]
fn without_the_module_it_says_what_to_do() {
    let output = Tree::patched().run(&["status"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("not loaded") && said.contains("modprobe vswap"),
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn rates_over_an_interval_of_a_machine_that_stands_still() {
    // No time goes by in the tree, so there is nothing to divide by.
    let text = Tree::ghost().prints(&["status", "--interval", "0.1", "-o", "out,in,back", "-n"]);
    assert_eq!(
        text.lines()
            .last()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["-", "-", "-"]
    );
}

#[test]
fn a_reader_that_goes_is_no_error() {
    use std::process::{Command, Stdio};
    let tree = Tree::ghost();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vswapctl"))
        .args([
            "--root",
            tree.path().to_str().unwrap(),
            "completions",
            "bash",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}
