//! Percentiles, CPU time, and pairs of them.

use std::time::Duration;

/// Durations of one thing, measured again and again.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// Returns a percentile in milliseconds.
    pub(crate) fn percentile(&mut self, percent: usize) -> f64 {
        self.0.sort_unstable();
        let index = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).map_or(0.0, |sample| sample.as_secs_f64() * 1e3)
    }

    /// Prints p50 and p99 beside those of a peer, with the ratios.
    pub(crate) fn beside(mut self, name: &str, peer: &str, mut other: Samples) {
        let ours = [50, 99].map(|percent| self.percentile(percent));
        let theirs = [50, 99].map(|percent| other.percentile(percent));
        println!("{name}: p50 {:.3} ms, p99 {:.3} ms (n={})", ours[0], ours[1], self.0.len());
        println!("{peer}: p50 {:.3} ms, p99 {:.3} ms (n={})", theirs[0], theirs[1], other.0.len());
        println!("ratio: p50 {:.2}, p99 {:.2}", ours[0] / theirs[0], ours[1] / theirs[1]);
    }
}

/// Returns the CPU time of this process, all threads.
pub(crate) fn cpu() -> Duration {
    // SAFETY: an all-zero rusage is valid, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let time = |at: libc::timeval| {
        Duration::from_secs(u64::try_from(at.tv_sec).unwrap_or(0))
            + Duration::from_micros(u64::try_from(at.tv_usec).unwrap_or(0))
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}
