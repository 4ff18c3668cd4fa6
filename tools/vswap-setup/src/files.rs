// SPDX-License-Identifier: GPL-2.0

//! Where settings are read from: the first `vswap.conf`, then drop-ins, as systemd's own programs do.

use crate::{
    settings::Settings,
    syntax, //
};
use std::{
    collections::BTreeMap,
    fs,
    io,
    path::{
        Path,
        PathBuf, //
    }, //
};

/// Directories of `vswap.conf` and `vswap.conf.d`. The administrator's is first: its files hide those
/// of the same name in the others.
const DIRECTORIES: [&str; 4] = ["etc", "run", "usr/local/lib", "usr/lib"];

/// The settings, and what is wrong with them, each a line for the log.
pub struct Loaded {
    /// What the files say, without what is wrong.
    pub settings: Settings,
    /// What is wrong, with file and line.
    pub problems: Vec<String>,
    /// The files that were read, in their order.
    pub files: Vec<PathBuf>,
}

/// Reads all files below `root`, which is `/` but in tests.
pub fn load(root: &Path) -> Loaded {
    let mut loaded = Loaded {
        settings: Settings::default(),
        problems: Vec::new(),
        files: Vec::new(),
    };
    for file in in_order(root) {
        let shown = Path::new("/").join(file.strip_prefix(root).unwrap_or(&file));
        // Bytes that are no UTF-8 are wrong only where they stand.
        let text = match fs::read(&file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) => {
                loaded
                    .problems
                    .push(format!("{}: cannot be read: {e}", shown.display()));
                continue;
            }
        };
        let (assignments, mut problems) = syntax::parse(&text);
        problems.extend(loaded.settings.apply(&assignments));
        problems.sort_by_key(|p| p.line);
        for p in problems {
            let line = format!("{}:{}: {}", shown.display(), p.line, p.text);
            loaded.problems.push(line);
        }
        loaded.files.push(shown);
    }
    loaded
}

/// The files that count: one `vswap.conf`, then the drop-ins of all directories by name.
fn in_order(root: &Path) -> Vec<PathBuf> {
    let main = DIRECTORIES
        .map(|dir| root.join(dir).join("vswap.conf"))
        .into_iter()
        .find(|file| file.symlink_metadata().is_ok());
    let mut drop_ins = BTreeMap::new();
    for dir in DIRECTORIES {
        for file in conf_files(&root.join(dir).join("vswap.conf.d")).unwrap_or_default() {
            if let Some(name) = file.file_name() {
                drop_ins.entry(name.to_owned()).or_insert(file);
            }
        }
    }
    main.into_iter().chain(drop_ins.into_values()).collect()
}

fn conf_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "conf") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        env,
        process,
        sync::atomic::{
            AtomicU32,
            Ordering::Relaxed, //
        }, //
    };

    struct Root(PathBuf);

    impl Root {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!(
                "vswap-conf-{}-{}",
                process::id(),
                NEXT.fetch_add(1, Relaxed)
            );
            let root = env::temp_dir().join(name);
            fs::create_dir_all(&root).unwrap();
            Self(root)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn names(&self) -> Vec<String> {
            let files = load(&self.0).files;
            files.iter().map(|f| f.display().to_string()).collect()
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn nothing_is_fine() {
        let root = Root::new();
        let loaded = load(&root.0);
        assert_eq!(
            (loaded.settings, loaded.problems.len()),
            (Settings::default(), 0)
        );
    }

    #[test]
    fn the_first_main_file_counts_and_drop_ins_come_after_it_by_name() {
        let root = Root::new();
        root.write("usr/lib/vswap.conf", "[vswap]\nsize=1G\n");
        root.write("etc/vswap.conf", "[vswap]\nsize=2G\npriority=1\n");
        root.write("usr/lib/vswap.conf.d/20-b.conf", "[vswap]\npriority=3\n");
        root.write("etc/vswap.conf.d/10-a.conf", "[vswap]\npriority=2\n");
        root.write("etc/vswap.conf.d/README", "nothing");
        let wanted = [
            "/etc/vswap.conf",
            "/etc/vswap.conf.d/10-a.conf",
            "/usr/lib/vswap.conf.d/20-b.conf",
        ];
        assert_eq!(root.names(), wanted);
        let settings = load(&root.0).settings;
        assert_eq!(
            (settings.priority, settings.parameters["size"].as_str()),
            (Some(3), "2G")
        );
    }

    #[test]
    fn a_file_hides_one_of_the_same_name_and_dev_null_masks_it() {
        let root = Root::new();
        root.write("usr/lib/vswap.conf.d/a.conf", "[vswap]\npriority=1\n");
        root.write("run/vswap.conf.d/a.conf", "[vswap]\npriority=2\n");
        assert_eq!(load(&root.0).settings.priority, Some(2));
        fs::create_dir_all(root.0.join("etc/vswap.conf.d")).unwrap();
        std::os::unix::fs::symlink("/dev/null", root.0.join("etc/vswap.conf.d/a.conf")).unwrap();
        let loaded = load(&root.0);
        assert_eq!((loaded.settings.priority, loaded.problems.len()), (None, 0));
    }

    #[test]
    fn problems_name_file_and_line_and_the_rest_counts() {
        let root = Root::new();
        root.write(
            "etc/vswap.conf",
            "[vswap]\nmax_pool_percent=120\nnonsense\npriority=9\n",
        );
        root.write("etc/vswap.conf.d/x.conf", "\u{0}\n");
        let loaded = load(&root.0);
        assert_eq!(loaded.settings.priority, Some(9));
        assert_eq!(loaded.problems.len(), 3);
        assert!(loaded.problems[0].starts_with("/etc/vswap.conf:2: max_pool_percent=120 "));
        assert!(loaded.problems[1].starts_with("/etc/vswap.conf:3: "));
        assert!(loaded.problems[2].starts_with("/etc/vswap.conf.d/x.conf:1: "));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told() {
        let root = Root::new();
        fs::create_dir_all(root.0.join("etc/vswap.conf")).unwrap();
        assert!(load(&root.0).problems[0].starts_with("/etc/vswap.conf: cannot be read"));
    }
}
