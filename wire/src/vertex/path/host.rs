//! Which host serves which location.

const DOMAIN: &str = "aiplatform.googleapis.com";
const MULTI_REGION: &str = ".rep.googleapis.com";

/// The host that serves a location: a region such as `us-central1`, `global`, or a multi-region, `us` or `eu`.
pub fn host(location: &str) -> String {
    match location {
        "global" | "" => DOMAIN.to_owned(),
        "us" | "eu" => format!("aiplatform.{location}{MULTI_REGION}"),
        region => format!("{region}-{DOMAIN}"),
    }
}

/// The location that a host serves; `None` when the host is no Vertex AI host.
pub fn location_of_host(host: &str) -> Option<&str> {
    if host == DOMAIN {
        return Some("global");
    }
    let regional = host.strip_suffix(DOMAIN).and_then(|region| region.strip_suffix('-'));
    let multi = || host.strip_prefix("aiplatform.")?.strip_suffix(MULTI_REGION);
    regional.or_else(multi).filter(|location| !location.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_location_has_its_host_and_back() {
        for (location, expected) in [
            ("us-central1", "us-central1-aiplatform.googleapis.com"),
            ("global", "aiplatform.googleapis.com"),
            ("us", "aiplatform.us.rep.googleapis.com"),
            ("eu", "aiplatform.eu.rep.googleapis.com"),
        ] {
            assert_eq!(host(location), expected);
            assert_eq!(location_of_host(expected), Some(location));
        }
        for foreign in ["example.com", "-aiplatform.googleapis.com", "aiplatform..rep.googleapis.com", ""] {
            assert_eq!(location_of_host(foreign), None, "{foreign}");
        }
    }
}
