//! `:explain`, of a model that was deployed without a specification of explanations.

use serde::Deserialize;
use wire::json::{Raw, Text};
use wire::vertex::error::{Case, Code, Status};

use super::instances::Instances;
use crate::call::Call;
use crate::vertex::front::Failure;
use crate::vertex::models::endpoints;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    #[serde(borrow, default)]
    instances: Vec<Raw<'a>>,
    #[serde(default, alias = "deployed_model_id")]
    deployed_model_id: Option<Text<'a>>,
}

/// Why nothing is explained.
pub(super) fn refusal(call: &Call<'_>) -> Failure {
    let asked = Instances::parse_as::<Asked<'_>>(call.body);
    let Asked { instances, deployed_model_id } = match asked {
        Ok(asked) => asked,
        Err(failure) => return failure,
    };
    if instances.is_empty() {
        return Failure::Case(Case::InvalidArgument);
    }
    match deployed_model_id.as_deref() {
        None | Some("" | endpoints::DEPLOYED) => {
            let message = format!("Deployed model {} does not support explanation.", endpoints::DEPLOYED);
            Failure::of(Status::new(Code::FailedPrecondition, message))
        }
        Some(other) => Failure::not_found(format!("Deployed model {other} is not found.")),
    }
}
