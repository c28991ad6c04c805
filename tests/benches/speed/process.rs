//! What the kernel says of this process.

use std::fs;

/// Memory in use now, in MiB.
pub(crate) fn memory() -> f64 {
    status("VmRSS:")
}

/// The most memory in use since [`forget_peak`], in MiB.
pub(crate) fn peak_memory() -> f64 {
    status("VmHWM:")
}

/// Begins to measure the peak anew.
pub(crate) fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Processor time used so far, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name, in brackets, may hold anything; user and system time are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>().unwrap())
        .sum();
    // USER_HZ is 100 on every Linux that Rust runs on.
    ticks / 100.0
}

fn status(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
