// SPDX-License-Identifier: GPL-2.0
//! What is to be done, and in which order.

use super::setups::{self, Setup};
use super::steps::{Step, SAVED};
use crate::check::boot;
use crate::root::Root;
use crate::snapshot::Snapshot;

const MODULES: &str = "/etc/modules-load.d/vswap.conf";
const FSTAB: &str = "/etc/fstab";

/// The steps, and what is left to people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In their order.
    pub steps: Vec<Step>,
    /// What is left.
    pub notes: Vec<String>,
    /// What a machine without zram is told.
    nothing: bool,
}

impl Plan {
    /// Plans what the tree needs.
    pub fn make(root: &Root) -> Self {
        let now = Snapshot::read(root);
        let setups = setups::find(root);
        let zrams: Vec<_> = now
            .swaps
            .iter()
            .filter(|swap| swap.is_zram())
            .map(|swap| swap.path.clone())
            .collect();
        if zrams.is_empty() && setups.is_empty() {
            return Self {
                nothing: true,
                ..Self::default()
            };
        }
        let mut plan = Self::default();
        if now.module.is_none() {
            plan.steps.push(Step::Load);
        }
        if now.ghost_swap().is_none() {
            plan.steps.push(Step::On);
        }
        // One after the other at once: what is off is not found again, if a later step fails.
        for zram in zrams {
            plan.steps
                .extend([Step::Off(zram.clone()), Step::Reset(zram)]);
        }
        let before = plan.steps.len();
        plan.set_up_ghost(root);
        setups.iter().for_each(|setup| plan.disable(setup, root));
        if plan.steps.len() > before && root.exists("/run/systemd/system") {
            plan.steps.push(Step::Reload);
        }
        plan
    }

    /// For the next boot, unless that is done.
    fn set_up_ghost(&mut self, root: &Root) {
        if boot::set_up_by(root).is_some() {
            return;
        }
        let why = "turn the ghost on at each boot";
        self.steps.push(Step::Write {
            path: MODULES.to_string(),
            text: "vswap\n".to_string(),
            why: why.to_string(),
        });
        let mut fstab = root.value(FSTAB).unwrap_or_default();
        if !fstab.is_empty() {
            fstab.push('\n');
        }
        self.steps.push(Step::Write {
            path: FSTAB.to_string(),
            text: fstab + boot::FSTAB_LINE + "\n",
            why: why.to_string(),
        });
    }

    fn disable(&mut self, setup: &Setup, root: &Root) {
        let why = "no zram at the next boot".to_string();
        match setup {
            Setup::Generator { path, mask } => {
                let text = format!(
                    "# Without a section, in place of {path}: vswap is used instead of zram.\n"
                );
                self.steps.push(Step::Write {
                    path: mask.clone(),
                    text,
                    why,
                });
            }
            Setup::ByHand { path } => self.notes.push(format!(
                "{path} has file systems on zram as well: remove its sections for swap by hand."
            )),
            Setup::Lines { path, text } => self.write_lines(path, text, why, root),
            Setup::Rules { path } => self.steps.push(Step::Aside {
                path: path.clone(),
                why,
            }),
            Setup::Unit { name, .. } => self.steps.push(Step::Disable(name.clone())),
        }
    }

    /// A file that is written already, for the ghost, is written once.
    fn write_lines(&mut self, path: &str, text: &str, why: String, root: &Root) {
        let is_it = |step: &&mut Step| matches!(step, Step::Write { path: p, .. } if p == path);
        if let Some(Step::Write { text: planned, .. }) = self.steps.iter_mut().find(is_it) {
            let old = root.value(path).unwrap_or_default();
            let added = planned.lines().skip(old.lines().count());
            *planned =
                text.to_string() + &added.map(|line| format!("{line}\n")).collect::<String>();
            return;
        }
        self.steps.push(Step::Write {
            path: path.to_string(),
            text: text.to_string(),
            why,
        });
    }

    /// What is left to people, a line each.
    pub fn notes_text(&self) -> String {
        self.notes
            .iter()
            .map(|note| format!("note: {note}\n"))
            .collect()
    }

    /// All of it, with the commands that one would type.
    pub fn text(&self, root: &Root) -> String {
        if self.nothing {
            return "No swap is on zram, and nothing turns it on at boot: there is nothing to replace.\n".to_string();
        }
        let mut text = "What replaces zram here, step by step:\n".to_string();
        for (i, step) in self.steps.iter().enumerate() {
            text += &format!("{:3}. {}\n", i + 1, step.text());
            for line in step.command(root).lines() {
                text += &format!("         {line}\n");
            }
        }
        text += &self.notes_text();
        text += &format!(
            "Nothing was changed. 'vswapctl migrate zram --apply' does it, and stops where a step fails.\n\
             Files that it changes are kept with {SAVED} added to their names.\n"
        );
        text
    }
}
