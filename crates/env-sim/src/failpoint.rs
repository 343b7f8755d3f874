//! Named places in a program at which a simulation may let something happen.
//!
//! A production crate offers a hook (an optional observer) at each step that matters; a test answers the hook from here
//! and carries the answer out: returns an error, sleeps, or calls [`crate::SimHandle::crash`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;

use crate::seed::Choices;

/// What is to happen at a failpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Continue,
    /// The step fails.
    Error,
    /// The process or its machine dies here.
    Crash,
    /// The step takes this much longer.
    Delay(Duration),
}

/// How likely each action is at one hit; the sum is at most 1, the rest is [`Action::Continue`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FaultPlan {
    /// Chance of [`Action::Error`].
    pub error: f64,
    /// Chance of [`Action::Crash`].
    pub crash: f64,
    /// Chance of [`Action::Delay`].
    pub delay: f64,
    /// The longest delay; each is drawn from zero up to this.
    pub longest_delay: Duration,
}

/// The failpoints of one simulation: their plans, and how often each was hit. Its `Display` is a table of the hits.
pub struct Failpoints {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    everywhere: FaultPlan,
    points: BTreeMap<String, Point>,
}

#[derive(Default)]
struct Point {
    plan: Option<FaultPlan>,
    fixed: BTreeMap<u64, Action>,
    choices: Option<Choices>,
    hits: u64,
    acted: u64,
}

impl Failpoints {
    /// No faults anywhere yet. Points draw from streams of their own: a hit of one changes nothing at another.
    pub fn new(seed: u64) -> Self {
        Self { seed, state: Mutex::default() }
    }

    /// The plan of every point that has none of its own.
    pub fn plan_everywhere(&self, plan: FaultPlan) {
        self.state.lock().everywhere = plan;
    }

    /// The plan of one point.
    pub fn plan(&self, name: &str, plan: FaultPlan) {
        self.state.lock().points.entry(name.to_owned()).or_default().plan = Some(plan);
    }

    /// At the `nth` hit of a point, counted from 1, `action` happens whatever the plan says.
    pub fn at(&self, name: &str, nth: u64, action: Action) {
        self.state.lock().points.entry(name.to_owned()).or_default().fixed.insert(nth, action);
    }

    /// Counts a hit and says what is to happen.
    pub fn hit(&self, name: &str) -> Action {
        let state = &mut *self.state.lock();
        if !state.points.contains_key(name) {
            state.points.insert(name.to_owned(), Point::default());
        }
        let point = state.points.get_mut(name).expect("it was just inserted");
        point.hits += 1;
        let action = match point.fixed.get(&point.hits) {
            Some(action) => *action,
            None => {
                let choices =
                    point.choices.get_or_insert_with(|| Choices::new(self.seed, &format!("failpoint {name}")));
                point.plan.unwrap_or(state.everywhere).draw(choices)
            }
        };
        point.acted += u64::from(action != Action::Continue);
        action
    }

    /// How often a point was hit.
    pub fn hits(&self, name: &str) -> u64 {
        self.state.lock().points.get(name).map_or(0, |point| point.hits)
    }

    /// How often each point was hit, points that have a plan and were never hit included.
    pub fn all_hits(&self) -> BTreeMap<String, u64> {
        self.state.lock().points.iter().map(|(name, point)| (name.clone(), point.hits)).collect()
    }
}

impl FaultPlan {
    fn draw(&self, choices: &Choices) -> Action {
        // One number decides, so that a plan's chances are those of exclusive outcomes.
        const STEPS: u64 = 1 << 53;
        let drawn = choices.below(STEPS) as f64 / STEPS as f64;
        if drawn < self.error {
            Action::Error
        } else if drawn < self.error + self.crash {
            Action::Crash
        } else if drawn < self.error + self.crash + self.delay {
            Action::Delay(choices.duration(&(Duration::ZERO..=self.longest_delay)))
        } else {
            Action::Continue
        }
    }
}

impl fmt::Display for Failpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, point) in &self.state.lock().points {
            writeln!(f, "{name}: {} hits, {} faults", point.hits, point.acted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: FaultPlan = FaultPlan { error: 0.5, crash: 0.0, delay: 0.0, longest_delay: Duration::ZERO };

    #[test]
    fn an_unplanned_point_continues_and_is_counted() {
        let points = Failpoints::new(1);
        assert_eq!(points.hit("a"), Action::Continue);
        assert_eq!(points.hit("a"), Action::Continue);
        points.plan("b", FaultPlan::default());
        assert_eq!((points.hits("a"), points.hits("b"), points.hits("c")), (2, 0, 0));
        assert_eq!(points.to_string(), "a: 2 hits, 0 faults\nb: 0 hits, 0 faults\n");
    }

    #[test]
    fn a_fixed_hit_acts_once() {
        let points = Failpoints::new(1);
        points.at("a", 2, Action::Crash);
        assert_eq!(
            [points.hit("a"), points.hit("a"), points.hit("a")],
            [Action::Continue, Action::Crash, Action::Continue]
        );
    }

    #[test]
    fn a_point_draws_from_a_stream_of_its_own() {
        let drawn = |seed, between: bool| {
            let points = Failpoints::new(seed);
            points.plan_everywhere(HALF);
            (0..64)
                .map(|_| {
                    if between {
                        points.hit("other");
                    }
                    points.hit("a")
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(drawn(1, false), drawn(1, true));
        assert_ne!(drawn(1, false), drawn(2, false));
        assert!(drawn(1, false).contains(&Action::Error) && drawn(1, false).contains(&Action::Continue));
    }

    #[test]
    fn every_action_can_be_drawn() {
        let points = Failpoints::new(1);
        let most = Duration::from_millis(9);
        points.plan("a", FaultPlan { error: 0.3, crash: 0.3, delay: 0.3, longest_delay: most });
        let drawn: Vec<_> = (0..200).map(|_| points.hit("a")).collect();
        for action in [Action::Continue, Action::Error, Action::Crash] {
            assert!(drawn.contains(&action), "{action:?}");
        }
        assert!(drawn.iter().any(|action| matches!(action, Action::Delay(by) if *by <= most)));
    }
}
