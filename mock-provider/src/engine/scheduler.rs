//! How the load of a model slows it down: batch, queue and collapse.
//!
//! A model's engine computes in steps. In each, every request of the batch gets one token, and a few chunks of
//! waiting prompts are read. From this follow the three stages of an overload, all before any quota refuses:
//! tokens come more slowly as the batch fills ([`SchedulerLaw::slowdown`]); once it is full, requests wait for
//! their first token; and with a long queue the batch shrinks, so that more load gets *less* done.
//!
//! The schedule is made when a request arrives, first come, first served: what comes later changes nothing for
//! those already told when. So nothing ticks, an idle engine costs nothing, and real and virtual time take the
//! same path. The price: a client that leaves frees its place only when its answer would have been complete.
//!
//! Source of the model: the mock server of NVIDIA's aiperf (steps, chunks, collapse); llm-d's inference
//! simulator (slowdown linear in the batch).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use world::Instant;

use super::latency::{Prompt, Timing};

/// The engine behind one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SchedulerLaw {
    /// Length of a step: no request gets its tokens faster.
    pub step: Duration,
    /// Requests that are worked on at once.
    pub max_batch: u32,
    /// Tokens in a chunk of a prompt.
    pub prefill_chunk_tokens: u32,
    /// Chunks that a step reads, of all prompts together.
    pub prefill_chunks_per_step: u32,
    /// How many times slower a full batch is than a single request; 1 for not at all.
    pub slowdown: f64,
    /// Whether a long queue shrinks the batch.
    pub collapses: bool,
}

impl SchedulerLaw {
    /// Requests that are worked on at once while `queue` others wait: up to 70 % fewer, beginning with a queue
    /// of one and a half batches.
    #[must_use]
    pub fn batch(&self, queue: usize) -> usize {
        let full = f64::from(self.max_batch.max(1));
        if !self.collapses {
            return full as usize;
        }
        let over = (queue as f64 / full - 1.5).max(0.0);
        let shrink = (0.5 * over).min(0.7);
        (full * (1.0 - shrink)).max(1.0) as usize
    }

    /// How many times slower a batch of `running` is than a single request.
    #[must_use]
    pub fn slowdown_of(&self, running: usize) -> f64 {
        let others = running.saturating_sub(1) as f64 / f64::from(self.max_batch.saturating_sub(1).max(1));
        1.0 + (self.slowdown - 1.0) * others.min(1.0)
    }

    fn chunks(&self, prompt: Prompt) -> u64 {
        prompt.uncached().div_ceil(u64::from(self.prefill_chunk_tokens.max(1))).max(1)
    }

    fn reading(&self, chunks: u64) -> u64 {
        micros(self.step).saturating_mul(chunks) / u64::from(self.prefill_chunks_per_step.max(1))
    }
}

/// The schedule of one engine.
#[derive(Debug)]
pub(crate) struct Scheduler {
    law: SchedulerLaw,
    schedule: Mutex<Schedule>,
}

/// In microseconds of the run.
#[derive(Debug, Default)]
struct Schedule {
    /// Until when the prompts that have come keep the readers busy.
    reading_until: u64,
    /// When the latest request starts: nobody overtakes.
    last_start: u64,
    /// When the requests start that still wait, in order.
    starts: VecDeque<u64>,
    /// When the requests end that are worked on or wait, in order.
    ends: VecDeque<u64>,
}

impl Scheduler {
    pub(crate) fn new(law: SchedulerLaw) -> Self {
        Self { law, schedule: Mutex::default() }
    }

    /// Schedules a request that arrives `now` and would be timed `alone` if it were alone.
    pub(crate) fn admit(&self, now: Instant, prompt: Prompt, tokens: u32, alone: Timing) -> Timing {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        schedule.admit(&self.law, now.as_micros(), prompt, tokens, alone)
    }
}

impl Schedule {
    fn admit(&mut self, law: &SchedulerLaw, now: u64, prompt: Prompt, tokens: u32, alone: Timing) -> Timing {
        self.forget_until(now);
        let start = self.start(law, now, prompt);
        let factor = law.slowdown_of(self.running_at(start) + 1);
        let first = scaled(alone.first(), factor);
        let inter = scaled(alone.inter(), factor).max(law.step);
        let timing = Timing::new(Duration::from_micros(start - now) + first, inter);
        self.note(now, start, now.saturating_add(micros(timing.complete(tokens))));
        timing
    }

    fn forget_until(&mut self, now: u64) {
        for times in [&mut self.starts, &mut self.ends] {
            let past = times.partition_point(|time| *time <= now);
            times.drain(..past);
        }
    }

    /// When the prompt's turn to be read has come and the batch has a place, on the boundary of a step.
    fn start(&mut self, law: &SchedulerLaw, now: u64, prompt: Prompt) -> u64 {
        let turn = self.reading_until.max(now);
        self.reading_until = turn.saturating_add(law.reading(law.chunks(prompt)));
        let batch = law.batch(self.starts.len());
        // With this one's end past, fewer than a batch are left.
        let place = self.ends.len().checked_sub(batch).map_or(0, |index| self.ends[index]);
        let start = turn.max(self.last_start).max(place);
        now + (start - now).next_multiple_of(micros(law.step).max(1))
    }

    fn running_at(&self, time: u64) -> usize {
        self.ends.len() - self.ends.partition_point(|end| *end <= time)
    }

    fn note(&mut self, now: u64, start: u64, end: u64) {
        self.last_start = start;
        if start > now {
            self.starts.push_back(start);
        }
        let place = self.ends.partition_point(|other| *other <= end);
        self.ends.insert(place, end);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::from_micros(libm::round(duration.as_micros() as f64 * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    const LAW: SchedulerLaw = SchedulerLaw {
        step: Duration::from_millis(5),
        max_batch: 32,
        prefill_chunk_tokens: 512,
        prefill_chunks_per_step: 8,
        slowdown: 1.0,
        collapses: false,
    };
    const TOKENS: u32 = 100;

    fn alone() -> Timing {
        Timing::new(Duration::from_millis(100), Duration::from_millis(5))
    }

    /// Answers a minute that `clients` get who ask again as soon as they are answered, and the mean wait for
    /// the first token.
    fn closed_loop(law: SchedulerLaw, clients: usize) -> (f64, Duration) {
        let scheduler = Scheduler::new(law);
        let mut due: BinaryHeap<Reverse<u64>> = (0..clients as u64).map(|n| Reverse(n * 20_000)).collect();
        let (mut answers, mut firsts) = (0_u32, Duration::ZERO);
        while let Some(Reverse(now)) = due.pop().filter(|Reverse(now)| *now < 60_000_000) {
            let timing = scheduler.admit(Instant::from_micros(now), Prompt::from(100), TOKENS, alone());
            answers += 1;
            firsts += timing.first();
            due.push(Reverse(now + micros(timing.complete(TOKENS))));
        }
        (f64::from(answers), firsts / answers.max(1))
    }

    #[test]
    fn a_request_that_is_alone_is_timed_as_the_law_says() {
        let scheduler = Scheduler::new(SchedulerLaw { slowdown: 3.0, ..LAW });
        for second in 0..10 {
            let at = Instant::from_micros(second * 1_000_000 + 137);
            assert_eq!(scheduler.admit(at, Prompt::from(50_000), TOKENS, alone()), alone());
        }
    }

    #[test]
    fn throughput_bends_at_the_batch_size() {
        let (single, _) = closed_loop(LAW, 1);
        let (half, half_first) = closed_loop(LAW, 16);
        let (full, _) = closed_loop(LAW, 32);
        let (double, double_first) = closed_loop(LAW, 64);
        assert!((half / single / 16.0 - 1.0).abs() < 0.05, "half a batch is sixteen times one");
        let knee = double / single;
        assert!((knee / 32.0 - 1.0).abs() < 0.1, "the knee is at {knee} clients");
        assert!((double / full - 1.0).abs() < 0.1, "beyond the batch nothing more gets done");
        assert!(half_first < Duration::from_millis(110), "{half_first:?}");
        // Each waits for the batch before it: another 595 ms.
        assert!((double_first.as_secs_f64() / 0.695 - 1.0).abs() < 0.1, "{double_first:?}");
    }

    #[test]
    fn a_fuller_batch_is_slower() {
        let law = SchedulerLaw { slowdown: 3.0, ..LAW };
        let factors = [1, 2, 32, 90].map(|running| (law.slowdown_of(running) * 100.0).round());
        assert_eq!(factors, [100.0, 106.0, 300.0, 300.0]);
        let scheduler = Scheduler::new(law);
        let timings: Vec<Timing> =
            (0..32).map(|_| scheduler.admit(Instant::ZERO, Prompt::default(), TOKENS, alone())).collect();
        assert_eq!(timings[0], alone());
        assert_eq!(timings[31].inter(), Duration::from_millis(15));
    }

    #[test]
    fn a_long_queue_shrinks_the_batch() {
        let law = SchedulerLaw { max_batch: 100, collapses: true, ..LAW };
        for (queue, batch) in [(0, 100), (150, 100), (200, 75), (250, 50), (290, 30), (9_999, 30)] {
            assert_eq!(law.batch(queue), batch, "{queue} wait");
        }
        assert_eq!(SchedulerLaw { max_batch: 1, ..law }.batch(99), 1);
        assert_eq!(SchedulerLaw { collapses: false, ..law }.batch(9_999), 100);
        let law = SchedulerLaw { collapses: true, ..LAW };
        let (before, _) = closed_loop(law, 64);
        let (after, _) = closed_loop(law, 320);
        assert!(after < 0.5 * before, "{after} answers of {before}: more load, less done");
    }

    #[test]
    fn long_prompts_wait_for_each_other() {
        let scheduler = Scheduler::new(LAW);
        // 64 chunks each, eight a step: forty milliseconds.
        let prompt = Prompt { tokens: 32_768, cached: 0 };
        let firsts: Vec<u128> = (0..3)
            .map(|_| scheduler.admit(Instant::ZERO, prompt, TOKENS, alone()).first().as_millis())
            .collect();
        assert_eq!(firsts, [100, 140, 180]);
        let cached = Prompt { cached: 32_768, ..prompt };
        let scheduler = Scheduler::new(LAW);
        scheduler.admit(Instant::ZERO, cached, TOKENS, alone());
        let behind = scheduler.admit(Instant::ZERO, prompt, TOKENS, alone());
        assert_eq!(behind.first().as_millis(), 105, "what is cached is not read: one step");
    }

    #[test]
    fn the_past_is_forgotten() {
        let scheduler = Scheduler::new(LAW);
        for n in 0..1_000 {
            let at = Instant::from_micros(n * 100_000);
            scheduler.admit(at, Prompt::default(), TOKENS, alone());
        }
        let schedule = scheduler.schedule.lock().expect("sound");
        assert!(schedule.ends.len() <= 8 && schedule.starts.is_empty(), "{schedule:?}");
    }
}
