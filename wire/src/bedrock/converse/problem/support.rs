//! What a sound request asks of a model that cannot do it.

use super::super::content::{ContentBlock, Role};
use super::super::request::{Request, ToolChoice};
use super::super::settings::ModelFields;
use crate::bedrock::error::text::model_returned;
use crate::bedrock::model::Abilities;

pub(super) fn problem(request: &Request<'_>, abilities: Abilities) -> Option<String> {
    let has_instructions =
        !request.system.is_empty() || request.messages.iter().any(|message| message.role == Role::System);
    if has_instructions && !abilities.system {
        return Some(
            "This model doesn't support system messages. Try again without a system message or use a model that supports system messages."
                .to_owned(),
        );
    }
    if request.tool_config.is_some() && !abilities.tools {
        return Some("This model doesn't support tool use.".to_owned());
    }
    if let Some(field) = forced_choice(request).filter(|_| !abilities.tool_choice) {
        return Some(unsupported_field(&format!("toolConfig.toolChoice.{field}")));
    }
    if let Some(kind) = attachment(request).filter(|_| !abilities.images) {
        return Some(format!(
            "This model doesn't support the {kind} content block that you provided. Update the content block and try again."
        ));
    }
    model_complaint(request, abilities)
}

fn unsupported_field(field: &str) -> String {
    format!("This model doesn't support the {field} field. Remove {field} and try again.")
}

fn forced_choice(request: &Request<'_>) -> Option<&'static str> {
    match request.tool_config.as_ref()?.tool_choice.as_ref()? {
        ToolChoice::Auto(_) => None,
        ToolChoice::Any(_) => Some("any"),
        ToolChoice::Tool(_) => Some("tool"),
    }
}

fn attachment(request: &Request<'_>) -> Option<&'static str> {
    request.messages.iter().flat_map(|message| &message.content).find_map(|block| match block {
        ContentBlock::Image(_) => Some("image"),
        ContentBlock::Video(_) => Some("video"),
        ContentBlock::Audio(_) => Some("audio"),
        _ => None,
    })
}

/// What the model itself complains about, as the service passes it on.
fn model_complaint(request: &Request<'_>, abilities: Abilities) -> Option<String> {
    unknown_choice(request)
        .or_else(|| twice(request))
        .or_else(|| thinking(request, abilities))
        .or_else(|| schema(request))
        .map(|complaint| model_returned(&complaint))
}

fn unknown_choice(request: &Request<'_>) -> Option<String> {
    let ToolChoice::Tool(named) = request.tool_config.as_ref()?.tool_choice.as_ref()? else { return None };
    let is_known = request.tool_specs().any(|spec| spec.name == named.name);
    (!is_known).then(|| format!("Tool '{}' not found in provided tools", named.name))
}

fn twice(request: &Request<'_>) -> Option<String> {
    let names: Vec<&str> = request.tool_specs().map(|spec| spec.name.as_str()).collect();
    let is_twice = names.iter().enumerate().any(|(index, name)| names[..index].contains(name));
    is_twice.then(|| "tools: Tool names must be unique.".to_owned())
}

/// The smallest budget that Claude takes, in tokens.
const BUDGET_MIN: i64 = 1024;

fn thinking(request: &Request<'_>, abilities: Abilities) -> Option<String> {
    let fields = ModelFields::of(request.additional_model_request_fields);
    let thinking = fields.thinking.filter(|thinking| thinking.r#type == "enabled")?;
    if !abilities.thinking {
        return Some("thinking: Extra inputs are not permitted".to_owned());
    }
    let Some(budget) = thinking.budget_tokens else {
        return Some("thinking.enabled.budget_tokens: Field required".to_owned());
    };
    if budget < BUDGET_MIN {
        return Some(format!(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to {BUDGET_MIN}"
        ));
    }
    if request.max_tokens().is_some_and(|tokens| i64::from(tokens) <= budget) {
        return Some("`max_tokens` must be greater than `thinking.budget_tokens`.".to_owned());
    }
    if forced_choice(request).is_some() {
        return Some("Thinking may not be enabled when tool_choice forces tool use.".to_owned());
    }
    let temperature = request.inference_config.as_ref().and_then(|config| config.temperature);
    temperature
        .is_some_and(|value| value < 1.0)
        .then(|| "`temperature` may only be set to 1 when thinking is enabled.".to_owned())
}

fn schema(request: &Request<'_>) -> Option<String> {
    let text = request.output_schema()?;
    let is_object = text.trim_start().starts_with('{') && crate::json::Raw::parse(text).is_ok();
    (!is_object).then(|| "output_config.format.schema: Input should be a valid JSON schema".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::super::request::Request;
    use crate::bedrock::model::{Abilities, ModelId};

    fn unsupported(model: &str, members: &str) -> Option<String> {
        let abilities = Abilities::of(ModelId::new(model).base());
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"Hi"}}]}}]{members}}}"#);
        Request::parse(body.as_bytes()).unwrap().unsupported(abilities)
    }

    const TITAN: &str = "amazon.titan-text-express-v1";
    const LLAMA: &str = "meta.llama3-1-8b-instruct-v1:0";
    const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    const TOOLS: &str = r#","toolConfig":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":{}}}}]}"#;

    #[test]
    fn what_a_model_cannot_do_is_said() {
        let system = r#","system":[{"text":"Be brief."}]"#;
        assert!(
            unsupported(TITAN, system).unwrap().starts_with("This model doesn't support system messages.")
        );
        assert_eq!(unsupported(TITAN, TOOLS).unwrap(), "This model doesn't support tool use.");
        assert_eq!(unsupported(LLAMA, TOOLS), None);
        let any = TOOLS.replace("]}", r#"],"toolChoice":{"any":{}}}"#);
        assert_eq!(
            unsupported(LLAMA, &any).unwrap(),
            "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again."
        );
        assert_eq!(unsupported(CLAUDE, &any), None);
    }

    #[test]
    fn complaints_of_the_model_are_wrapped() {
        let named = TOOLS.replace("]}", r#"],"toolChoice":{"tool":{"name":"u"}}}"#);
        let thinking = |budget: u32| {
            format!(
                r#","inferenceConfig":{{"maxTokens":2000}},"additionalModelRequestFields":{{"thinking":{{"type":"enabled","budget_tokens":{budget}}}}}"#
            )
        };
        for (model, members, complaint) in [
            (CLAUDE, named, "Tool 'u' not found in provided tools"),
            (CLAUDE, thinking(5), "Input should be greater than or equal to 1024"),
            (CLAUDE, thinking(2_000), "`max_tokens` must be greater than"),
            (LLAMA, thinking(1_024), "Extra inputs are not permitted"),
        ] {
            let found = unsupported(model, &members).unwrap();
            assert!(found.starts_with("The model returned the following errors: "), "{found}");
            assert!(found.contains(complaint), "{found}");
        }
        assert_eq!(unsupported(CLAUDE, &thinking(1_024)), None);
    }
}
