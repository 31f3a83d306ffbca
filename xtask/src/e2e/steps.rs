//! Steps, as many at once as was said, each as soon as what it needs has passed.

use std::process::ExitCode;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Args, Outcome, STEPS, Step, context};

/// What is known of the steps, in their order.
struct Board {
    steps: Vec<(&'static Step, State)>,
}

#[derive(PartialEq)]
enum State {
    /// Not begun.
    Open,
    Running,
    Passed,
    /// Could not run here. What needs it runs, and says itself what it lacks.
    Skipped,
    Failed(String),
    /// Needs what failed: one cause is one failure.
    Waits,
}

/// What a thread is to do.
enum Next {
    Run(usize),
    /// Something else must end before.
    Later,
    Nothing,
}

impl Board {
    fn new(args: &Args) -> Self {
        let wanted = |step: &&Step| args.only.is_empty() || args.only.iter().any(|name| name == step.name);
        Self { steps: STEPS.iter().filter(wanted).map(|step| (step, State::Open)).collect() }
    }

    /// What is not among the steps of this run has run before.
    fn state(&self, name: &str) -> Option<&State> {
        self.steps.iter().find(|(step, _)| step.name == name).map(|(_, state)| state)
    }

    /// The first step that can begin. Says of those that never can what they lack.
    fn next(&mut self) -> Next {
        for at in 0..self.steps.len() {
            let (step, state) = &self.steps[at];
            if *state != State::Open {
                continue;
            }
            let needs = |bad: fn(&State) -> bool| -> Vec<&str> {
                step.needs.iter().copied().filter(|name| self.state(name).is_some_and(bad)).collect()
            };
            let lacking = needs(|state| matches!(state, State::Failed(_) | State::Waits));
            if !lacking.is_empty() {
                println!("WAIT  {:<18} needs {}", step.name, lacking.join(", "));
                self.steps[at].1 = State::Waits;
            } else if needs(|state| matches!(state, State::Open | State::Running)).is_empty() {
                self.steps[at].1 = State::Running;
                return Next::Run(at);
            }
        }
        if self.steps.iter().any(|(_, state)| *state == State::Running) { Next::Later } else { Next::Nothing }
    }

    fn count(&self, which: fn(&State) -> bool) -> usize {
        self.steps.iter().filter(|(_, state)| which(state)).count()
    }
}

/// Runs the steps that were asked for and reports on them.
pub fn run(args: &Args) -> ExitCode {
    let started = Instant::now();
    let (board, ended) = (Mutex::new(Board::new(args)), Condvar::new());
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.get() {
            scope.spawn(|| work(&board, &ended));
        }
    });
    let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    let failed: Vec<_> = board
        .steps
        .iter()
        .filter_map(|(step, state)| match state {
            State::Failed(why) => Some((step.name, why)),
            _ => None,
        })
        .collect();
    println!(
        "\nend-to-end: {} passed, {} failed, {} skipped in {}",
        board.count(|state| *state == State::Passed),
        failed.len(),
        board.count(|state| matches!(state, State::Skipped | State::Waits)),
        seconds(started.elapsed())
    );
    for (name, why) in &failed {
        println!("  {name}: {why}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(board: &Mutex<Board>, ended: &Condvar) {
    let mut locked = board.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let at = match locked.next() {
            Next::Run(at) => at,
            Next::Later => {
                locked = ended.wait(locked).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            Next::Nothing => {
                // Who waits must see it, too.
                ended.notify_all();
                return;
            }
        };
        let step = locked.steps[at].0;
        println!("...   {:<18} {}", step.name, step.about);
        drop(locked);
        let state = run_step(step);
        locked = board.lock().unwrap_or_else(PoisonError::into_inner);
        locked.steps[at].1 = state;
        ended.notify_all();
    }
}

fn run_step(step: &Step) -> State {
    let began = Instant::now();
    let result = context(step.name).and_then(|context| (step.run)(&context));
    let took = seconds(began.elapsed());
    match result {
        Ok(Outcome::Done(summary)) => {
            println!("ok    {:<18} {took:>7}  {summary}", step.name);
            State::Passed
        }
        Ok(Outcome::Skipped(reason)) => {
            println!("SKIP  {:<18} {took:>7}  {reason}", step.name);
            State::Skipped
        }
        Err(error) => {
            println!("FAIL  {:<18} {took:>7}  {error:#}", step.name);
            State::Failed(format!("{error:#}"))
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}s", duration.as_secs_f64())
}
