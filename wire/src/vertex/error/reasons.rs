//! The details of the named errors: reasons for a program, and where to read on.

use super::case::{Case, Particulars};
use super::detail::Detail;
use super::words::{FRONT_END_LIMIT, FRONT_END_METRIC, SERVICE, console, invalid_value};

pub(super) const GOOGLE: &str = "googleapis.com";

impl Case {
    /// The details; most errors of this service have none.
    pub(super) fn details(self, of: &Particulars<'_>) -> Vec<Detail> {
        let service = ("service", SERVICE.to_owned());
        let consumer = ("consumer", format!("projects/{}", of.project));
        let credentials = |reason| {
            let method = ("method", of.grpc_method.to_owned());
            vec![Detail::error_info(reason, GOOGLE, [service.clone(), method])]
        };
        match self {
            Case::FrontEndQuota => front_end_quota(of, service, consumer),
            Case::CredentialsMissing | Case::ApiKeyNotSupported => credentials("CREDENTIALS_MISSING"),
            Case::AccessTokenExpired => credentials("ACCESS_TOKEN_EXPIRED"),
            Case::AccessTokenUnsupported => credentials("ACCESS_TOKEN_TYPE_UNSUPPORTED"),
            Case::ApiKeyInvalid => vec![Detail::error_info("API_KEY_INVALID", GOOGLE, [service])],
            Case::PermissionDenied => vec![Detail::error_info(
                "IAM_PERMISSION_DENIED",
                SERVICE,
                [
                    ("resource", of.resource.to_owned()),
                    ("permission", "aiplatform.endpoints.predict".to_owned()),
                ],
            )],
            Case::ServiceDisabled => vec![
                Detail::help("Google developers console API activation", console(of)),
                Detail::error_info("SERVICE_DISABLED", GOOGLE, [service, consumer]),
            ],
            Case::ConsumerInvalid => vec![
                Detail::help("Google developers console", "https://console.developers.google.com".to_owned()),
                Detail::error_info("CONSUMER_INVALID", GOOGLE, [service, consumer]),
            ],
            Case::InvalidValue => vec![Detail::bad_request(of.field, invalid_value(of))],
            Case::UnknownField => vec![Detail::bad_request("", self.message(of))],
            _ => Vec::new(),
        }
    }
}

fn front_end_quota(of: &Particulars<'_>, service: (&str, String), consumer: (&str, String)) -> Vec<Detail> {
    let metadata = [
        ("quota_metric", FRONT_END_METRIC.to_owned()),
        ("quota_limit", FRONT_END_LIMIT.to_owned()),
        ("quota_limit_value", of.limit.to_string()),
        ("quota_location", of.location.to_owned()),
        consumer,
        service,
    ];
    let quotas = "https://cloud.google.com/docs/quotas/help/request_increase".to_owned();
    vec![
        Detail::error_info("RATE_LIMIT_EXCEEDED", GOOGLE, metadata),
        Detail::help("Request a higher quota limit.", quotas),
    ]
}
