//! Summaries of measured times.

use std::time::{Duration, Instant};

/// The middle one of the values; the values end up sorted.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    percentile(values, 50)
}

/// The value below which `percent` of the values lie; the values end up sorted.
pub(crate) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1).expect("nothing was measured");
    *values.get(last * percent / 100).expect("it is at most the last")
}

/// The median time of one `work`, in milliseconds: after one run that is not counted, up to `times` runs, and no
/// further one after `at_most`.
pub(crate) fn time_ms(times: usize, at_most: Duration, mut work: impl FnMut()) -> f64 {
    work();
    let begun = Instant::now();
    let mut runs = Vec::with_capacity(times);
    while runs.is_empty() || (runs.len() < times && begun.elapsed() < at_most) {
        let before = Instant::now();
        work();
        runs.push(before.elapsed().as_secs_f64() * 1000.0);
    }
    median(&mut runs)
}
