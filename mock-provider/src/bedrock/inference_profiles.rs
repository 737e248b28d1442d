//! ListInferenceProfiles and GetInferenceProfile.
//!
//! The service's own profiles are those of the caller's part of the world and `global.`. Profiles of an account
//! cannot be made here; one that is asked for by its ARN is there, with a Claude model behind it.

use http::Response;
use serde::Serialize;
use wire::bedrock::error::{Error, ErrorKind};
use wire::bedrock::model::{Family, MODELS, Model, ModelId, Profile};
use world::http::Body;

use super::failure::Failure;
use super::reply;
use crate::call::{Call, Engine};

/// The account whose resources these are.
pub(super) const ACCOUNT: &str = "123456789012";
/// When they were made. The service writes times so.
const MADE: &str = "2025-01-01T00:00:00Z";
/// The model behind an account's own profile.
const BEHIND: &str = "anthropic.claude-3-haiku-20240307-v1:0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    inference_profile_summaries: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    created_at: &'static str,
    description: String,
    inference_profile_arn: String,
    inference_profile_id: String,
    inference_profile_name: String,
    models: Vec<Behind>,
    status: &'static str,
    r#type: &'static str,
    updated_at: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Behind {
    model_arn: String,
}

/// The profiles of a region.
pub(super) fn list(engine: &Engine, call: &Call<'_>, region: &str) -> Result<Response<Body>, Failure> {
    let query = call.parts.uri.query().unwrap_or_default();
    let all: Vec<Summary> = if kind_of(query)?.as_deref() == Some("APPLICATION") {
        Vec::new()
    } else {
        let profiles = profiles_of(region);
        profiles
            .iter()
            .flat_map(|profile| MODELS.iter().filter_map(|model| system_defined(*profile, model, region)))
            .collect()
    };
    let (inference_profile_summaries, next_token) = page(all, query)?;
    let list = List { inference_profile_summaries, next_token };
    Ok(reply::json(engine, call, wire::json::to_bytes(&list)))
}

/// One profile, by id or ARN.
pub(super) fn get(
    engine: &Engine,
    call: &Call<'_>,
    region: &str,
    text: &str,
) -> Result<Response<Body>, Failure> {
    let id = ModelId::new(text);
    let found = if text.contains(":application-inference-profile/") {
        Some(application(text, id.base(), region))
    } else {
        id.profile().zip(id.model()).and_then(|(profile, model)| system_defined(profile, model, region))
    };
    let missing = || Error::new(ErrorKind::ResourceNotFound, "Inference profile not found.");
    Ok(reply::json(engine, call, wire::json::to_bytes(&found.ok_or_else(missing)?)))
}

/// Those that serve callers of a region: of its part of the world, of its country where that has its own, and `global.`.
fn profiles_of(region: &str) -> Vec<Profile> {
    let regional = match region.split('-').next().unwrap_or_default() {
        "us" if region.starts_with("us-gov") => Profile::UsGov,
        "eu" => Profile::Eu,
        "ap" => Profile::Apac,
        _ => Profile::Us,
    };
    let national = match region {
        "ap-northeast-1" | "ap-northeast-3" => Some(Profile::Jp),
        "ap-southeast-2" | "ap-southeast-4" => Some(Profile::Au),
        "ca-central-1" | "ca-west-1" => Some(Profile::Ca),
        _ => None,
    };
    [Some(regional), national, Some(Profile::Global)].into_iter().flatten().collect()
}

/// Regions that a profile may send a request to.
fn regions_of(profile: Profile, home: &str) -> Vec<&str> {
    match profile {
        Profile::Us => vec!["us-east-1", "us-east-2", "us-west-2"],
        Profile::Eu => vec!["eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"],
        Profile::Apac => vec!["ap-northeast-1", "ap-southeast-1", "ap-southeast-2"],
        Profile::Jp => vec!["ap-northeast-1", "ap-northeast-3"],
        Profile::Au => vec!["ap-southeast-2", "ap-southeast-4"],
        Profile::Ca => vec!["ca-central-1", "ca-west-1"],
        Profile::UsGov => vec!["us-gov-east-1", "us-gov-west-1"],
        Profile::Global => vec![home],
    }
}

/// Whether a profile has this model. Worldwide and national ones are for the newest of Claude, Canada's for Nova Lite.
fn has(profile: Profile, model: &Model) -> bool {
    match profile {
        Profile::Global | Profile::Jp | Profile::Au => model.family == Family::Claude && !model.on_demand,
        Profile::Ca => model.id.starts_with("amazon.nova-lite"),
        Profile::Us | Profile::Eu | Profile::Apac | Profile::UsGov => {
            matches!(model.family, Family::Claude | Family::Nova | Family::Llama | Family::ChatCompletions)
        }
    }
}

fn system_defined(profile: Profile, model: &Model, region: &str) -> Option<Summary> {
    if !has(profile, model) {
        return None;
    }
    let id = format!("{}{}", profile.prefix(), model.id);
    let place = profile.prefix().trim_end_matches('.').to_uppercase();
    let behind = ModelId::new(model.id);
    let name = format!("{place} {} {}", model.family.provider_name(model.id), model.name);
    Some(Summary {
        created_at: MADE,
        description: format!(
            "Routes requests to {} in {}",
            model.name,
            regions_of(profile, region).join(" ")
        ),
        inference_profile_arn: format!("arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{id}"),
        inference_profile_id: id,
        inference_profile_name: name,
        models: regions_of(profile, region)
            .into_iter()
            .map(|region| Behind { model_arn: behind.foundation_model_arn(region) })
            .collect(),
        status: "ACTIVE",
        r#type: "SYSTEM_DEFINED",
        updated_at: MADE,
    })
}

fn application(arn: &str, id: &str, region: &str) -> Summary {
    Summary {
        created_at: MADE,
        description: "A profile of the account".to_owned(),
        inference_profile_arn: arn.to_owned(),
        inference_profile_id: id.to_owned(),
        inference_profile_name: id.to_owned(),
        models: vec![Behind { model_arn: ModelId::new(BEHIND).foundation_model_arn(region) }],
        status: "ACTIVE",
        r#type: "APPLICATION",
        updated_at: MADE,
    }
}

/// Whose profiles the query asks for.
fn kind_of(query: &str) -> Result<Option<String>, Failure> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let kind = pairs.find(|(key, _)| key == "type" || key == "typeEquals");
    kind.map(|(_, value)| one_of(&value, "type", &["SYSTEM_DEFINED", "APPLICATION"])).transpose()
}

/// The page of `all` that the query asks for, and what to ask for the next one.
pub(super) fn page<T>(all: Vec<T>, query: &str) -> Result<(Vec<T>, Option<String>), Failure> {
    let (mut most, mut from) = (1_000, 0_usize);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "maxResults" => most = count(&value)?,
            "nextToken" => {
                from = value.parse().map_err(|_| Failure::invalid("Invalid pagination token."))?;
            }
            _ => {}
        }
    }
    let end = from.saturating_add(most);
    let next = (all.len() > end).then(|| end.to_string());
    Ok((all.into_iter().skip(from).take(most).collect(), next))
}

/// A value of a set.
pub(super) fn one_of(value: &str, member: &str, accepted: &[&str]) -> Result<String, Failure> {
    if accepted.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(Failure::invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy \
         enum value set: [{}]",
        accepted.join(", ")
    )))
}

fn count(value: &str) -> Result<usize, Failure> {
    value.parse().ok().filter(|count| (1..=1_000).contains(count)).ok_or_else(|| {
        Failure::invalid(format!(
            "1 validation error detected: Value '{value}' at 'maxResults' failed to satisfy constraint: Member must \
             have value between 1 and 1000"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_the_world_has_its_profiles() {
        for (region, prefixes) in [
            ("us-east-1", &["us.", "global."][..]),
            ("eu-west-1", &["eu.", "global."]),
            ("ap-south-1", &["apac.", "global."]),
            ("ap-northeast-3", &["apac.", "jp.", "global."]),
            ("ap-southeast-2", &["apac.", "au.", "global."]),
            ("ca-central-1", &["us.", "ca.", "global."]),
            ("us-gov-west-1", &["us-gov.", "global."]),
        ] {
            let profiles = profiles_of(region);
            let found: Vec<&str> = profiles.iter().map(|profile| profile.prefix()).collect();
            assert_eq!(found, prefixes, "{region}");
            for profile in profiles {
                assert!(MODELS.iter().any(|model| has(profile, model)), "{profile:?} is empty");
            }
        }
        assert_eq!(regions_of(Profile::Jp, "ap-northeast-1"), ["ap-northeast-1", "ap-northeast-3"]);
        let lite = MODELS.iter().find(|model| model.id == "amazon.nova-lite-v1:0").expect("listed");
        assert!(system_defined(Profile::Ca, lite, "ca-west-1").is_some());
        assert!(system_defined(Profile::Jp, lite, "ap-northeast-1").is_none(), "Japan's are for Claude");
    }

    #[test]
    fn a_query_is_checked() {
        assert_eq!(kind_of("type=APPLICATION").expect("sound").as_deref(), Some("APPLICATION"));
        assert!(kind_of("type=MINE").is_err());
        let (first, next) = page(vec![1, 2, 3], "maxResults=2").expect("sound");
        assert_eq!((first, next.as_deref()), (vec![1, 2], Some("2")));
        let (last, next) = page(vec![1, 2, 3], "maxResults=2&nextToken=2").expect("sound");
        assert_eq!((last, next), (vec![3], None));
        for query in ["maxResults=0", "nextToken=x"] {
            assert!(page(vec![1], query).is_err(), "{query}");
        }
        let (none, _) = page(vec![1], "nextToken=18446744073709551615").expect("sound");
        assert!(none.is_empty());
    }
}
