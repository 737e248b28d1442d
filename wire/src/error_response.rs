//! An error answer of a provider, complete: what a mock sends and a fault injects.

use bytes::Bytes;

/// Status, headers and body of an error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    /// HTTP status.
    pub status: u16,
    /// The `content-type` header.
    pub content_type: &'static str,
    /// Headers that belong to the error, in lower case; `content-type` and `content-length` are not among them.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

/// The page with which a front end answers in place of the service.
pub(crate) fn edge_page(status: u16, reason: &str, edge: &str) -> Bytes {
    format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n\
         <center><h1>{status} {reason}</h1></center>\r\n<hr><center>{edge}</center>\r\n</body>\r\n</html>\r\n"
    )
    .into()
}

/// Whole seconds of a `retry-after` header: rounded up, for a client that comes early is refused again.
pub(crate) fn retry_after(wait: std::time::Duration) -> (&'static str, String) {
    ("retry-after", wait.as_millis().div_ceil(1000).to_string())
}
