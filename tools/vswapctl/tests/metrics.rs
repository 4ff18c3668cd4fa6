// SPDX-License-Identifier: GPL-2.0
//! `status --metrics` keeps the rules of Prometheus's text format and its naming.

mod common;

use common::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// Samples by name and labels, if the text keeps the rules.
fn parse(text: &str) -> Result<BTreeMap<String, f64>, String> {
    let (mut samples, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let (mut help, mut family) = (None, None);
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line has no end".to_string());
    }
    for line in text.lines() {
        let wrong = |what: &str| Err(format!("{what}: {line}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
            if !seen.insert(name.to_string()) || text.is_empty() {
                return wrong("a family twice, or without help");
            }
            (help, family) = (Some(name), None);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else {
                return wrong("no type");
            };
            if help != Some(name) {
                return wrong("not after its help");
            }
            if (kind == "counter") != name.ends_with("_total")
                || !["counter", "gauge"].contains(&kind)
            {
                return wrong("a name that is not of its type");
            }
            family = Some(name);
        } else {
            let Some((id, value)) = line.rsplit_once(' ') else {
                return wrong("no value");
            };
            let (name, labels) = match id.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}').ok_or("no end of labels")?),
                None => (id, ""),
            };
            if family != Some(name) || !name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_') {
                return wrong("of no family");
            }
            check_labels(labels).map_err(|what| format!("{what}: {line}"))?;
            let value = value.parse().map_err(|_| format!("no number: {line}"))?;
            if samples.insert(id.to_string(), value).is_some() {
                return wrong("twice");
            }
        }
    }
    Ok(samples)
}

fn check_labels(mut rest: &str) -> Result<(), String> {
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"").ok_or("a label without a value")?;
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_') {
            return Err(format!("'{name}' is no name of a label"));
        }
        let mut escaped = false;
        let end = value.bytes().position(|c| {
            let ends = c == b'"' && !escaped;
            escaped = c == b'\\' && !escaped;
            ends
        });
        let end = end.ok_or("a value without an end")?;
        rest = &value[end + 1..];
        rest = match rest.strip_prefix(',') {
            Some(more) if !more.is_empty() => more,
            Some(_) => return Err("a comma at the end".to_string()),
            None if rest.is_empty() => rest,
            None => return Err("no comma".to_string()),
        };
    }
    Ok(())
}

fn metrics(tree: &Tree) -> BTreeMap<String, f64> {
    let text = tree.prints(&["status", "--metrics"]);
    parse(&text).unwrap_or_else(|what| panic!("{what}\nin:\n{text}"))
}

#[test]
fn figures() {
    let samples = metrics(&Tree::ghost());
    for (id, value) in [
        ("vswap_ghost_on", 1.0),
        ("vswap_size_bytes", 1_073_741_824.0),
        ("vswap_stored_pages", 1128.0),
        ("vswap_tier_stored_pages{tier=\"same-filled\"}", 100.0),
        (
            "vswap_tier_compressed_bytes{tier=\"pool1\",compressor=\"zstd\"}",
            819_200.0,
        ),
        (
            "vswap_tier_memory_bytes{tier=\"pool1\",compressor=\"zstd\"}",
            835_584.0,
        ),
        (
            "vswap_tier_size_bytes{tier=\"tier1\",device=\"/dev/vdb\"}",
            268_435_456.0,
        ),
        ("vswap_written_back_pages_total", 128.0),
        ("vswap_rejected_pages_total{reason=\"incompressible\"}", 5.0),
        ("vswap_swapped_out_pages_total", 1024.0),
    ] {
        assert_eq!(samples.get(id), Some(&value), "{id} in {samples:#?}");
    }
}

#[test]
fn without_a_ghost_it_says_so() {
    for tree in [Tree::empty(), Tree::patched(), Tree::patched().module()] {
        assert_eq!(metrics(&tree).get("vswap_ghost_on"), Some(&0.0));
    }
}

#[test]
fn names_with_quotes() {
    let tree = Tree::ghost()
        .file(
            "sys/class/misc/ghostswap/tier1/device",
            "/swap\\040\"a\\134\n",
        )
        .swaps(&["/swap\\040\"a\\134 file 1024 0 -2"]);
    let samples = metrics(&tree);
    let id = "vswap_tier_size_bytes{tier=\"tier1\",device=\"/swap \\\"a\\\\\"}";
    assert_eq!(samples.get(id), Some(&1_048_576.0), "{samples:#?}");
}

/// What reads it above finds what is wrong.
#[test]
fn the_rules() {
    let head = "# HELP a_total x\n# TYPE a_total counter\n";
    assert!(parse(&format!("{head}a_total{{b=\"c\\\"\",d=\"\"}} 1\n")).is_ok());
    for wrong in [
        format!("{head}a_total 1\na_total 2\n"),
        format!("{head}a_total 1"),
        format!("{head}b 1\n"),
        format!("{head}a_total{{b=\"c}} 1\n"),
        format!("{head}a_total{{b=\"c\",}} 1\n"),
        format!("{head}a_total x\n"),
        format!("{head}{head}"),
        "# HELP a x\n# TYPE a counter\n".to_string(),
        "# TYPE a gauge\n".to_string(),
        "a 1\n".to_string(),
    ] {
        assert!(parse(&wrong).is_err(), "{wrong}");
    }
}
