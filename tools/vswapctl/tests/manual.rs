// SPDX-License-Identifier: GPL-2.0
//! The manual page has every command, option and column, and completions have the commands.

use clap::{Command, CommandFactory, ValueEnum};
use vswapctl::cli::{completions, Cli};
use vswapctl::status::columns::Column;

const PAGE: &str = include_str!("../vswapctl.8");

fn commands(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(commands);
    std::iter::once(command).chain(below).collect()
}

#[test]
fn the_page_names_everything() {
    let mut cli = Cli::command();
    cli.build();
    let mut options = 0;
    for command in commands(&cli).iter().skip(1) {
        let name = command.get_name();
        assert!(
            PAGE.contains(&format!(".Cm {name}")) || PAGE.contains(&format!(" {name}\n")),
            "{name}"
        );
        for option in command
            .get_arguments()
            .filter_map(|argument| argument.get_long())
        {
            let form = format!("Fl -{option}");
            assert!(
                PAGE.contains(&form) || PAGE.contains(&format!(", -{option}")),
                "{name} --{option}"
            );
            options += 1;
        }
    }
    assert!(options > 15, "only {options} options were looked at");
    for column in Column::value_variants() {
        let (name, heading) = (column.to_possible_value().unwrap(), column.heading());
        assert!(PAGE.contains(&format!(".It Cm {heading}\n")), "{heading}");
        let names = PAGE.split("their names are").nth(1).unwrap();
        assert!(names.contains(name.get_name()), "{}", name.get_name());
    }
}

#[test]
fn completions_of_each_shell() {
    use clap_complete::Shell;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let text = String::from_utf8(completions(shell)).unwrap();
        for word in ["status", "migrate", "noheadings", "strict"] {
            assert!(text.contains(word), "{word} in the completions for {shell}");
        }
    }
}
