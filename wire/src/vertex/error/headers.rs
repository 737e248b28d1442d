//! Headers of every answer. What is absent matters too: no `retry-after`, no request id, no rate limits.

/// The headers of an answer besides `content-type`, `date` and the framing of the body.
pub const RESPONSE_HEADERS: [(&str, &str); 8] = [
    ("vary", "Origin"),
    ("vary", "X-Origin"),
    ("vary", "Referer"),
    ("server", "scaffolding on HTTPServer2"),
    ("x-xss-protection", "0"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
    ("alt-svc", "h3=\":443\"; ma=2592000,h3-29=\":443\"; ma=2592000"),
];
