//! Numbers within bounds.

use serde_json::Number;
use world::Draws;

use super::json::Json;
use super::merge::Unfulfillable;

/// How wide the range is where the schema leaves an end open.
const USUAL: f64 = 100.0;
/// Whole numbers beyond this are not told apart by a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What a schema says of a number: its ends, and whether they count.
struct Bounds {
    least: f64,
    most: f64,
    excludes_least: bool,
    excludes_most: bool,
}

impl Bounds {
    fn of(schema: &Json) -> Self {
        let (least, excludes_least) = end(schema, ("minimum", "exclusiveMinimum"), f64::max);
        let (most, excludes_most) = end(schema, ("maximum", "exclusiveMaximum"), f64::min);
        let (least, most) = match (least, most) {
            (Some(least), Some(most)) => (least, most),
            (Some(least), None) => (least, least + USUAL),
            (None, Some(most)) => (most - USUAL, most),
            (None, None) => (0.0, USUAL),
        };
        Self { least, most, excludes_least, excludes_most }
    }

    fn allows(&self, value: f64) -> bool {
        let above = if self.excludes_least { value > self.least } else { value >= self.least };
        let below = if self.excludes_most { value < self.most } else { value <= self.most };
        above && below
    }

    /// The multiples of `step` within, by their first and last factor.
    fn multiples(&self, step: f64) -> Result<(f64, f64), Unfulfillable> {
        let (mut first, mut last) = (libm::ceil(self.least / step), libm::floor(self.most / step));
        if self.excludes_least && first * step <= self.least {
            first += 1.0;
        }
        if self.excludes_most && last * step >= self.most {
            last -= 1.0;
        }
        let is_fine = first <= last && first.abs() < EXACT && last.abs() < EXACT;
        if is_fine { Ok((first, last)) } else { Err(Unfulfillable) }
    }
}

/// An end of the range. Older schemas say with a boolean whether it is left out.
fn end(
    schema: &Json,
    (included, excluded): (&str, &str),
    narrower: fn(f64, f64) -> f64,
) -> (Option<f64>, bool) {
    let with = schema.number(included);
    if schema.get(excluded) == Some(&Json::Bool(true)) {
        return (with, true);
    }
    match (with, schema.number(excluded)) {
        (Some(with), Some(without)) => {
            let end = narrower(with, without);
            (Some(end), end == without)
        }
        (with, without) => (with.or(without), without.is_some()),
    }
}

/// A whole number.
pub(super) fn integer(schema: &Json, draws: &mut Draws) -> Result<Json, Unfulfillable> {
    let step = schema.number("multipleOf").filter(|step| *step > 0.0).map_or(1.0, whole_step);
    let value = multiple(&Bounds::of(schema), step, draws)? * step;
    if value.abs() >= EXACT {
        return Err(Unfulfillable);
    }
    Ok(Json::Number((value as i64).into()))
}

/// A number with two decimals, or a multiple.
pub(super) fn number(schema: &Json, draws: &mut Draws) -> Result<Json, Unfulfillable> {
    let bounds = Bounds::of(schema);
    if let Some(step) = schema.number("multipleOf").filter(|step| *step > 0.0) {
        let factor = multiple(&bounds, step, draws)?;
        return json(decimal_product(factor, step));
    }
    let (least, most) = (bounds.least.max(-1e15), bounds.most.min(1e15));
    let drawn = least + draws.unit() * (most - least);
    let rounded = libm::round(drawn * 100.0) / 100.0;
    let found = [rounded, drawn, (least + most) / 2.0].into_iter().find(|value| bounds.allows(*value));
    found.map_or(Err(Unfulfillable), json)
}

fn json(value: f64) -> Result<Json, Unfulfillable> {
    Number::from_f64(value).map(Json::Number).ok_or(Unfulfillable)
}

fn multiple(bounds: &Bounds, step: f64, draws: &mut Draws) -> Result<f64, Unfulfillable> {
    let (first, last) = bounds.multiples(step)?;
    let choices = (last - first + 1.0).min(1e6);
    Ok(first + draws.below(choices as u64) as f64)
}

/// The smallest whole multiple of a step that may be a fraction, such as 1 of 0.5 and 3 of 1.5.
fn whole_step(step: f64) -> f64 {
    let is_whole = |factor: &u32| libm::fmod(step * f64::from(*factor), 1.0) == 0.0;
    (1..=1_000).find(is_whole).map_or(step, |factor| step * f64::from(factor))
}

/// `factor × step` as one would write it: 7 × 0.01 is 0.07 and not a little more.
fn decimal_product(factor: f64, step: f64) -> f64 {
    let decimals = format!("{step}").split_once('.').map_or(0, |(_, decimals)| decimals.len());
    format!("{:.decimals$}", factor * step).parse().unwrap_or(factor * step)
}
