// SPDX-License-Identifier: GPL-2.0
//! Looks for the largest number that lives, where all below it are expected to
//! live, and all above to die. A trial is long, so there are few: from a guess
//! outwards, one by one and then in strides that double, and by bisection. To live
//! takes longest, so it is better to come down one by one.

/// So many strides are of one.
const SINGLE: u32 = 3;

/// What is known so far.
#[derive(Debug)]
pub struct Search {
    guess: usize,
    strides: u32,
    lives: Option<usize>,
    dies: Option<usize>,
}

impl Search {
    /// Begins at a guess.
    pub fn new(guess: usize) -> Self {
        Self {
            guess: guess.max(1),
            strides: 0,
            lives: None,
            dies: None,
        }
    }

    /// What was to be tried lived.
    pub fn lived(&mut self, number: usize) {
        self.lives = Some(number);
    }

    /// What was to be tried died, and so would have this number, which may be less. Gives
    /// the least that is now known to die: more than what lived in another trial, as at
    /// the edge chance decides.
    pub fn died(&mut self, number: usize) -> usize {
        let least = number.max(self.largest() + 1);
        *self
            .dies
            .insert(self.dies.map_or(least, |dies| dies.min(least)))
    }

    /// What is to be tried next, or nothing if the largest is known.
    pub fn next(&mut self) -> Option<usize> {
        let (lives, dies) = match (self.lives, self.dies) {
            (None, None) => return Some(self.guess),
            (Some(lives), None) => return Some(lives + self.widen()),
            // Nothing at all lives without a trial.
            (None, Some(dies)) => (0, dies),
            (Some(lives), Some(dies)) => (lives, dies),
        };
        if dies - lives <= 1 {
            return None;
        }
        if self.lives.is_none() && self.guess < dies {
            return Some(self.guess);
        }
        if self.lives.is_none() {
            return Some(dies.saturating_sub(self.widen()).max(1));
        }
        Some(lives + (dies - lives) / 2)
    }

    /// The largest that lived, 0 if none did.
    pub fn largest(&self) -> usize {
        self.lives.unwrap_or(0)
    }

    fn widen(&mut self) -> usize {
        let stride = 1 << self.strides.saturating_sub(SINGLE - 1);
        self.strides += 1;
        stride
    }
}

#[cfg(test)]
mod tests {
    use super::Search;

    /// The trials until the largest is found, which must be `edge`.
    fn trials(mut search: Search, edge: usize) -> Vec<usize> {
        let mut tried = vec![];
        while let Some(number) = search.next() {
            assert!(!tried.contains(&number), "{number} again: {tried:?}");
            tried.push(number);
            if number <= edge {
                search.lived(number);
            } else {
                search.died(number);
            }
            assert!(tried.len() < 30, "{tried:?}");
        }
        assert_eq!(search.largest(), edge, "{tried:?}");
        tried
    }

    #[test]
    fn any_edge_is_found_from_any_guess() {
        for edge in 0..70 {
            for guess in 0..70 {
                trials(Search::new(guess), edge);
            }
        }
    }

    #[test]
    fn a_bracket_holds() {
        for edge in 0..40 {
            for dies in edge + 1..50 {
                let mut search = Search::new(dies - 1);
                search.died(dies);
                let tried = trials(search, edge);
                assert!(tried.iter().all(|number| *number < dies), "{tried:?}");
            }
        }
    }

    #[test]
    fn one_trial_proves_a_good_guess() {
        let mut search = Search::new(86);
        search.died(87);
        assert_eq!(trials(search, 86), [86]);
    }

    #[test]
    fn a_guess_that_is_nearly_good_takes_few() {
        let mut search = Search::new(86);
        search.died(87);
        assert_eq!(trials(search, 85), [86, 85]);
        let mut search = Search::new(86);
        search.died(87);
        assert_eq!(trials(search, 84), [86, 85, 84]);
        let mut search = Search::new(86);
        search.died(87);
        assert_eq!(trials(search, 82), [86, 85, 84, 83, 81, 82]);
    }

    #[test]
    fn trials_grow_with_the_logarithm_of_what_is_wrong() {
        assert!(trials(Search::new(1), 1000).len() <= 24);
        assert!(trials(Search::new(1000), 1).len() <= 24);
    }

    #[test]
    fn what_dies_early_brings_the_search_down() {
        let mut search = Search::new(1000);
        assert_eq!(search.next(), Some(1000));
        assert_eq!(search.died(87), 87);
        assert_eq!(search.next(), Some(86));
        assert_eq!(search.died(80), 80);
        assert_eq!(search.next(), Some(79));
        search.lived(79);
        assert_eq!((search.next(), search.largest()), (None, 79));
    }

    #[test]
    fn what_lived_is_not_taken_back() {
        let mut search = Search::new(90);
        search.died(90);
        search.lived(70);
        assert_eq!(search.died(60), 71);
        assert_eq!((search.next(), search.largest()), (None, 70));
    }
}
