//! A provider's error as an HTTP response: with the headers that every answer of that provider has.

use http::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use time::OffsetDateTime;
use wire::error_response::ErrorResponse;
use world::http::Body;
use world::{Clock, Draws};

use crate::Family;

/// The response; `request_id` is one that [`request_id`] has drawn.
pub(crate) fn respond(
    error: ErrorResponse,
    family: Family,
    clock: &Clock,
    request_id: &str,
) -> Response<Body> {
    let is_page = error.content_type.starts_with("text/html");
    let mut response = Response::new(Body::full(error.body));
    *response.status_mut() = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(error.content_type));
    headers.insert(DATE, date(clock));
    for (name, value) in error.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if !is_page {
        for (name, value) in standing(family, request_id) {
            headers.append(name, value);
        }
    }
    response
}

/// The headers of every answer of a family.
fn standing(family: Family, request_id: &str) -> Vec<(HeaderName, HeaderValue)> {
    let id = |name: &'static str| {
        let value = HeaderValue::from_str(request_id).ok()?;
        Some((HeaderName::from_static(name), value))
    };
    match family {
        Family::Bedrock => id("x-amzn-requestid").into_iter().collect(),
        Family::Vertex => wire::vertex::error::RESPONSE_HEADERS
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect(),
        Family::OpenAi => id("x-request-id").into_iter().collect(),
        Family::Anthropic => id("request-id").into_iter().collect(),
    }
}

/// A name for a request, as the provider names its own; Vertex AI tells none.
pub(crate) fn request_id(family: Family, draws: &mut Draws) -> String {
    match family {
        Family::Bedrock => uuid(draws),
        Family::Vertex => String::new(),
        Family::OpenAi => format!("req_{:016x}{:016x}", draws.next_u64(), draws.next_u64()),
        Family::Anthropic => wire::anthropic::id::of("req_01", (draws.next_u64(), draws.next_u64())),
    }
}

/// A version 4 UUID.
fn uuid(draws: &mut Draws) -> String {
    let (high, low) = (draws.next_u64(), draws.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// The time as HTTP writes it.
pub(crate) fn date(clock: &Clock) -> HeaderValue {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = i64::try_from(clock.unix_micros() / 1_000_000).unwrap_or(0);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (day, month) = (at.weekday().number_days_from_monday(), u8::from(at.month()) - 1);
    let text = format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        DAYS[usize::from(day)],
        at.day(),
        MONTHS[usize::from(month)],
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::Seed;

    #[test]
    fn the_date_is_that_of_the_virtual_clock() {
        let written = world::run_virtual(Seed(1), |world| async move {
            world.clock().sleep(std::time::Duration::from_secs(3_661)).await;
            date(world.clock())
        });
        assert_eq!(written, "Thu, 01 Jan 2026 01:01:01 GMT");
    }

    #[test]
    fn ids_have_the_providers_form() {
        let mut draws = Seed(1).domain("x").draws_n(1);
        let mut id = |family| request_id(family, &mut draws);
        let lengths: Vec<usize> = id(Family::Bedrock).split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        let (openai, anthropic) = (id(Family::OpenAi), id(Family::Anthropic));
        assert!(openai.starts_with("req_") && openai.len() == 36, "{openai}");
        assert!(anthropic.starts_with("req_01") && anthropic.len() == 28, "{anthropic}");
        assert_eq!(id(Family::Vertex), "");
    }
}
