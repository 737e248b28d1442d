//! The same load at another rate.

use notation::Rate;

use super::LoadFile;

impl LoadFile {
    /// Multiplies every rate by `factor`. Users with a pace of their own are a number of people, not a rate,
    /// and stay as they are.
    pub fn scale_rates(&mut self, factor: f64) {
        let scale =
            |rate: &mut Rate| *rate = Rate::per_second_of(rate.per_second() * factor).unwrap_or(*rate);
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.poisson.iter_mut().chain(&mut arrivals.constant).for_each(scale);
            arrivals.gamma.iter_mut().map(|gamma| &mut gamma.rate).for_each(scale);
        }
        for stage in &mut self.stages {
            stage.at.iter_mut().chain(&mut stage.from).chain(&mut stage.to).for_each(scale);
        }
        self.control.values_mut().for_each(scale);
        self.tenants.iter_mut().filter_map(|tenant| tenant.rate.as_mut()).for_each(scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_is_scaled() {
        let mut file: LoadFile = toml::from_str(
            "arrivals = { poisson = \"200/s\" }\ncontrol = { \"bedrock/*\" = \"5/s\" }\nmix = { chat = 1 }\n\
             [[stages]]\nfor = \"1m\"\nfrom = \"10/s\"\nto = \"600/min\"\n",
        )
        .expect("a section");
        file.scale_rates(0.5);
        let poisson = file.arrivals.and_then(|arrivals| arrivals.poisson).expect("a rate");
        assert!((poisson.per_second() - 100.0).abs() < 1e-9);
        assert!((file.control["bedrock/*"].per_second() - 2.5).abs() < 1e-9);
        assert!((file.stages[0].to.expect("a rate").per_second() - 5.0).abs() < 1e-9);
    }
}
