//! The model that a request names, if there is one.

use wire::bedrock::error::{ErrorKind, text};
use wire::bedrock::model::{Abilities, Family, Model, ModelId};

use super::failure::Failure;
use crate::plan::MockPlan;
use crate::profile::{Kind, Profile};
use crate::surface::Surface;

/// A model that is served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) id: ModelId<'a>,
    /// What is known of it; nothing of an account's own resources.
    known: Option<&'static Model>,
    pub(super) family: Family,
    pub(super) region: &'a str,
}

impl<'a> Target<'a> {
    /// The model of that id.
    pub(super) fn find(plan: &MockPlan, text: &'a str, region: &'a str) -> Result<Self, Failure> {
        let id = ModelId::new(text);
        let is_added = plan.models.iter().any(|model| model == id.base());
        let known = id.model();
        if let Some(model) = known {
            if !model.on_demand && id.profile().is_none() && !is_added {
                return Err(Failure::invalid(text::on_demand_unsupported(text)));
            }
        } else if !id.is_opaque() && !is_added {
            return Err(ErrorKind::Validation.into());
        }
        // Resources of an account, whose model the id does not tell, are taken for Claude.
        let family = known.map(|model| model.family).or_else(|| id.family()).unwrap_or(Family::Claude);
        Ok(Self { id, known, family, region })
    }

    /// What the model can do; all there is, where the model is unknown.
    pub(super) fn abilities(&self) -> Abilities {
        Abilities::of(self.id.base())
    }

    /// The profile that it follows.
    pub(super) fn profile<'p>(&self, plan: &'p MockPlan, kind: Kind) -> &'p Profile {
        plan.profile_of(Surface::Bedrock, kind, self.id.base())
    }

    /// What its quota is counted under: on-demand and cross-region use are counted apart.
    pub(super) fn quota_model(&self) -> quota::bedrock::Model<'a> {
        let id = if self.id.is_arn() { self.id.base() } else { self.id.as_str() };
        quota::bedrock::Model {
            id,
            burndown: self.known.map_or(1, |model| model.burndown),
            max_output_tokens: u64::from(self.max_output_tokens()),
        }
    }

    /// The longest answer, in tokens.
    pub(super) fn max_output_tokens(&self) -> u32 {
        self.known.map_or_else(|| self.id.max_output_tokens(), |model| model.max_output_tokens)
    }
}
