// SPDX-License-Identifier: GPL-2.0

//! The lines of a file of settings: one section, `key = value`, comments. As systemd.syntax(7).

/// What was wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do, without a full stop.
    pub text: String,
}

/// A setting as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The line, counted from 1; of a continued line its first.
    pub line: usize,
    /// Before the equals sign.
    pub key: String,
    /// After it, without quotation marks around it. May be empty.
    pub value: String,
}

/// The one section that a file has.
pub const SECTION: &str = "vswap";

/// Takes a file apart. What cannot be understood is left out and told.
pub fn parse(text: &str) -> (Vec<Assignment>, Vec<Problem>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut section = Section::None;
    for (line, content) in joined(text) {
        let content = content.trim();
        let mut tell = |text: String| problems.push(Problem { line, text });
        if let Some(rest) = content.strip_prefix('[') {
            section = match rest.strip_suffix(']') {
                Some(SECTION) => Section::Ours,
                _ => {
                    tell(format!(
                        "{content} is no section: the only one is [{SECTION}]"
                    ));
                    Section::Unknown
                }
            };
            continue;
        }
        let Some((key, value)) = content.split_once('=') else {
            tell(format!("\"{content}\" is no setting: write KEY=VALUE"));
            continue;
        };
        match section {
            Section::Ours => found.push(Assignment {
                line,
                key: key.trim().to_owned(),
                value: unquoted(value.trim()).to_owned(),
            }),
            Section::None => tell(format!(
                "a setting before any section: write [{SECTION}] above it"
            )),
            // It was told.
            Section::Unknown => {}
        }
    }
    (found, problems)
}

enum Section {
    None,
    Ours,
    Unknown,
}

/// The lines that say something, with those that end in a backslash joined to the next.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (n, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        // Also in the middle of a continued line.
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        let (start, mut content) = open.take().unwrap_or((n + 1, String::new()));
        match trimmed.strip_suffix('\\') {
            Some(part) => {
                content.push_str(part);
                content.push(' ');
                open = Some((start, content));
            }
            None => {
                content.push_str(trimmed);
                lines.push((start, content));
            }
        }
    }
    lines.extend(open);
    lines.retain(|(_, content)| !content.trim().is_empty());
    lines
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value
            .strip_prefix(quote)
            .and_then(|v| v.strip_suffix(quote))
        {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignments(text: &str) -> Vec<(usize, String, String)> {
        let (found, problems) = parse(text);
        assert_eq!(problems, []);
        found
            .into_iter()
            .map(|a| (a.line, a.key, a.value))
            .collect()
    }

    fn problem_lines(text: &str) -> Vec<usize> {
        parse(text).1.iter().map(|p| p.line).collect()
    }

    #[test]
    fn settings_with_spaces_comments_and_quotes() {
        let text = "# c\n; c\n\n [vswap] \n size = 4G \ncompressor=\"zstd\"\npriority=\n";
        let text = text.replace(" [vswap] ", "[vswap]");
        let wanted = [
            (5, "size", "4G"),
            (6, "compressor", "zstd"),
            (7, "priority", ""),
        ];
        let wanted = wanted.map(|(l, k, v)| (l, k.to_owned(), v.to_owned()));
        assert_eq!(assignments(&text), wanted);
    }

    #[test]
    fn a_continued_line_has_the_number_of_its_first() {
        let found = assignments("[vswap]\nsize=\\\n# between\n 4G\n");
        assert_eq!(found, [(2, "size".to_owned(), "4G".to_owned())]);
        assert_eq!(
            assignments("[vswap]\nsize=4G\\"),
            [(2, "size".to_owned(), "4G".to_owned())]
        );
    }

    #[test]
    fn what_is_no_setting_is_told_and_the_rest_is_kept() {
        let (found, problems) = parse("[vswap]\nsize 4G\nsize=2G\n");
        assert_eq!(found.len(), 1);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 2);
        assert!(problems[0].text.contains("KEY=VALUE"));
    }

    #[test]
    fn other_sections_are_told_once_and_left_out() {
        assert_eq!(problem_lines("[zram0]\na=1\nb=2\n[vswap]\nsize=1G"), [1]);
        assert_eq!(problem_lines("[vswap\nsize=1G"), [1]);
        assert_eq!(problem_lines("size=1G\n"), [1]);
    }

    #[test]
    fn any_bytes_are_taken_without_a_panic() {
        let pieces = [
            "[", "]", "=", "\\", "\n", "\"", "'", "#", "vswap", "size", "é", " ", "\r",
        ];
        let mut seed = 1u32;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
            }
            let lines = text.lines().count();
            let (found, problems) = parse(&text);
            assert!(
                found.iter().all(|a| (1..=lines).contains(&a.line)),
                "{text:?}"
            );
            assert!(
                problems.iter().all(|p| (1..=lines).contains(&p.line)),
                "{text:?}"
            );
        }
    }
}
