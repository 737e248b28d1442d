//! A rate over time: pieces that hold or ramp, and the instant at which the n-th arrival falls due.
//!
//! Any law of arrivals is first drawn at one arrival per unit, then laid along the area under the curve:
//! the k-th arrival is due when the area has reached the k-th sum. That keeps Poisson arrivals Poisson
//! under a ramp, and evenly spaced ones even.

/// The area under a curve is counted in millionths of an arrival.
pub(super) const ARRIVAL: u64 = 1_000_000;

/// A stretch of time whose rate goes linearly from one value to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Its beginning, in microseconds from the start of the load.
    pub start_us: u64,
    /// Its end, not included.
    pub end_us: u64,
    /// Arrivals a second at its beginning.
    pub from: f64,
    /// Arrivals a second at its end.
    pub to: f64,
}

impl Segment {
    fn seconds(&self) -> f64 {
        self.end_us.saturating_sub(self.start_us) as f64 / 1e6
    }

    /// The area under it, in millionths of an arrival.
    fn area(&self) -> u64 {
        libm::round((self.from + self.to) / 2.0 * self.seconds() * ARRIVAL as f64) as u64
    }

    fn rate_at(&self, micros: u64) -> f64 {
        let share = micros.saturating_sub(self.start_us) as f64 / 1e6 / self.seconds();
        self.from + (self.to - self.from) * share
    }

    /// When the area from its beginning reaches `area`, in microseconds from its beginning.
    fn time_of(&self, area: u64) -> u64 {
        let area = area as f64;
        let slope = (self.to - self.from) / self.seconds();
        // Of the two forms of the root the one that also holds for a slope of zero; all in µs, as a
        // millionth of an arrival at one arrival a second takes a microsecond.
        let root = libm::sqrt((self.from * self.from + 2.0 * slope * area / 1e6).max(0.0));
        libm::round(2.0 * area / (self.from + root)) as u64
    }

    fn cut(&self, micros: u64) -> (Self, Self) {
        let rate = self.rate_at(micros);
        (Self { end_us: micros, to: rate, ..*self }, Self { start_us: micros, from: rate, ..*self })
    }

    fn times(&self, factor: f64) -> Self {
        Self { from: self.from * factor, to: self.to * factor, ..*self }
    }
}

/// A rate over time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    segments: Vec<Segment>,
    /// The area under all segments before this one.
    areas: Vec<u64>,
}

/// A multiple of the rate from `start_us` to `end_us`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Burst {
    pub(super) start_us: u64,
    pub(super) end_us: u64,
    pub(super) factor: f64,
}

impl Curve {
    /// The curve of `segments`, which follow one another.
    #[must_use]
    pub fn new(segments: Vec<Segment>) -> Self {
        let areas = segments
            .iter()
            .scan(0_u64, |sum, segment| {
                let before = *sum;
                *sum += segment.area();
                Some(before)
            })
            .collect();
        Self { segments, areas }
    }

    /// One rate from `start_us` to `end_us`.
    #[must_use]
    pub fn flat(start_us: u64, end_us: u64, rate: f64) -> Self {
        Self::new(vec![Segment { start_us, end_us, from: rate, to: rate }])
    }

    /// The same with bursts; where several overlap their factors add up.
    #[must_use]
    pub(super) fn with_bursts(self, bursts: &[Burst]) -> Self {
        let mut segments = self.segments;
        for edge in bursts.iter().flat_map(|burst| [burst.start_us, burst.end_us]) {
            segments = segments.into_iter().flat_map(|segment| cut_at(segment, edge)).collect();
        }
        let factor_of = |segment: &Segment| {
            let active = bursts
                .iter()
                .filter(|burst| burst.start_us <= segment.start_us && segment.end_us <= burst.end_us);
            let sum: f64 = active.map(|burst| burst.factor).sum();
            if sum > 0.0 { sum } else { 1.0 }
        };
        Self::new(segments.iter().map(|segment| segment.times(factor_of(segment))).collect())
    }

    /// When the area under the curve reaches `area`, in microseconds; none beyond its end. `hint` is the
    /// segment to begin with, for areas that only grow, and is moved along.
    pub(super) fn time_of(&self, area: u64, hint: &mut usize) -> Option<u64> {
        loop {
            let segment = self.segments.get(*hint)?;
            let inside = area.saturating_sub(self.areas[*hint]);
            if inside < segment.area() {
                return Some((segment.start_us + segment.time_of(inside)).min(segment.end_us - 1));
            }
            *hint += 1;
        }
    }

    /// Arrivals a second at an instant.
    #[must_use]
    pub fn rate_at(&self, micros: u64) -> f64 {
        let holds = |segment: &&Segment| (segment.start_us..segment.end_us).contains(&micros);
        self.segments.iter().find(holds).map_or(0.0, |segment| segment.rate_at(micros))
    }

    /// The pieces.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

fn cut_at(segment: Segment, edge_us: u64) -> Vec<Segment> {
    if segment.start_us < edge_us && edge_us < segment.end_us {
        let (before, after) = segment.cut(edge_us);
        vec![before, after]
    } else {
        vec![segment]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(curve: &Curve) -> Vec<u64> {
        let mut hint = 0;
        (0..).map_while(|k| curve.time_of(k * ARRIVAL, &mut hint)).collect()
    }

    #[test]
    fn a_flat_rate_is_exact_to_the_microsecond() {
        let due = times(&Curve::flat(0, 20_000_000, 200.0));
        assert_eq!(due.len(), 4_000);
        assert!(due.iter().zip(0..).all(|(due, k)| *due == k * 5_000));
        assert_eq!(
            times(&Curve::flat(0, 2_000_000, 3.0)),
            [0, 333_333, 666_667, 1_000_000, 1_333_333, 1_666_667]
        );
    }

    #[test]
    fn a_ramp_has_half_its_arrivals_in_its_last_29_percent() {
        let ramp = Segment { start_us: 0, end_us: 100_000_000, from: 0.0, to: 100.0 };
        let due = times(&Curve::new(vec![ramp]));
        assert_eq!(due.len(), 5_000);
        assert!(due.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(due[2_500], 70_710_678);
        let down = times(&Curve::new(vec![Segment { from: 100.0, to: 0.0, ..ramp }]));
        assert_eq!((down.len(), down[2_500]), (5_000, 29_289_322));
    }

    #[test]
    fn overlapping_bursts_add_up() {
        let bursts = [
            Burst { start_us: 2_000_000, end_us: 6_000_000, factor: 3.0 },
            Burst { start_us: 4_000_000, end_us: 8_000_000, factor: 5.0 },
        ];
        let curve = Curve::flat(0, 10_000_000, 50.0).with_bursts(&bursts);
        let rates = [1, 3, 5, 7, 9].map(|second| curve.rate_at(second * 1_000_000));
        assert!(
            rates.iter().zip([50.0, 150.0, 400.0, 250.0, 50.0]).all(|(got, want)| (got - want).abs() < 1e-9)
        );
    }

    #[test]
    fn quiet_stretches_are_skipped() {
        let segments = [(0, 1, 10.0), (1, 5, 0.0), (5, 6, 10.0)];
        let of = |(start, end, rate): (u64, u64, f64)| Segment {
            start_us: start * 1_000_000,
            end_us: end * 1_000_000,
            from: rate,
            to: rate,
        };
        let due = times(&Curve::new(segments.into_iter().map(of).collect()));
        assert_eq!((due.len(), due[9], due[10]), (20, 900_000, 5_000_000));
    }
}
