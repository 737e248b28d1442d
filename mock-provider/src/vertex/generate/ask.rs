//! A request in the engine's words: functions, form of the answer, thinking.

use std::borrow::Cow;

use wire::json::{Raw, Text};
use wire::vertex::cached_contents::CachedContent;
use wire::vertex::error::Status;
use wire::vertex::generate_content::{
    FunctionCallingConfig, FunctionCallingMode, FunctionDeclaration, GenerateContentRequest,
    GenerationConfig, Schema, SchemaError, ThinkingConfig, Tool as Declarations, ToolConfig,
};

use super::checks::count_responses;
use crate::engine::ask::{Ask, Format, Tool, ToolChoice};
use crate::vertex::front::Failure;

/// Tokens of thought where the caller leaves the number to the model.
const DYNAMIC_BUDGET: u32 = 8_192;

/// A function's name, and its schema as JSON Schema.
type Function<'a> = (&'a str, Option<Cow<'a, str>>);

/// The schemas of a request as JSON Schema: what an [`Ask`] borrows.
#[derive(Debug, Default)]
pub(super) struct Schemas<'a> {
    /// Functions that may be called.
    functions: Vec<Function<'a>>,
    answer: Option<Cow<'a, str>>,
}

impl<'a> Schemas<'a> {
    /// Reads the schemas of a request, with the functions of the cache that it goes on from.
    pub(super) fn read(
        body: &'a GenerateContentRequest<'_>,
        cache: Option<&'a CachedContent<'_>>,
    ) -> Result<Self, Failure> {
        let config = body.generation_config.as_ref();
        let answer = config.map_or(Ok(None), answer_schema)?;
        let tools = cache.map_or(&*body.tools, |cache| &cache.tools);
        let allowed = calling(body, cache).map_or(&[][..], |calling| &calling.allowed_function_names);
        Ok(Self { functions: functions(tools, allowed)?, answer })
    }

    /// What a request asks of `model`.
    pub(super) fn ask(
        &'a self,
        body: &'a GenerateContentRequest<'_>,
        cache: Option<&'a CachedContent<'_>>,
        (model, max_tokens): (&'a str, u32),
    ) -> Ask<'a> {
        let mut ask = Ask::text(model, max_tokens);
        if !self.functions.is_empty() {
            ask.tools = self.functions.iter().map(tool).collect();
            ask.choice = choice(calling(body, cache), &self.functions);
            ask.parallel_tools = true;
            ask.answers_tool = body.contents.last().is_some_and(|content| count_responses(content) > 0);
        }
        if let Some(config) = &body.generation_config {
            ask.stops = config.stop_sequences.iter().map(|stop| Cow::Borrowed(&**stop)).collect();
            ask.format = self.format(config);
            ask.thinking = config.thinking_config.as_ref().and_then(budget);
        }
        ask
    }

    fn format(&self, config: &GenerationConfig<'_>) -> Format<'_> {
        match (&self.answer, config.response_mime_type.as_deref()) {
            (Some(schema), _) => Raw::parse(schema).map_or(Format::JsonObject, Format::JsonSchema),
            (None, Some("application/json")) => Format::JsonObject,
            (None, _) => Format::Text,
        }
    }
}

fn tool<'a>((name, schema): &'a Function<'a>) -> Tool<'a> {
    let schema = schema.as_deref().and_then(|schema| Raw::parse(schema).ok());
    Tool { name: Cow::Borrowed(name), schema }
}

fn calling<'a>(
    body: &'a GenerateContentRequest<'_>,
    cache: Option<&'a CachedContent<'_>>,
) -> Option<&'a FunctionCallingConfig<'a>> {
    let config: Option<&ToolConfig<'_>> =
        cache.and_then(|cache| cache.tool_config.as_ref()).or(body.tool_config.as_ref());
    config?.function_calling_config.as_ref()
}

fn choice<'a>(calling: Option<&FunctionCallingConfig<'_>>, functions: &'a [Function<'a>]) -> ToolChoice<'a> {
    match (calling.and_then(|calling| calling.mode), functions) {
        (Some(FunctionCallingMode::None), _) => ToolChoice::None,
        (Some(FunctionCallingMode::Any), [(only, _)]) => ToolChoice::Named(Cow::Borrowed(only)),
        (Some(FunctionCallingMode::Any), _) => ToolChoice::Any,
        _ => ToolChoice::Auto,
    }
}

/// The functions that may be called: all, or those of `allowed`.
fn functions<'a>(tools: &'a [Declarations<'_>], allowed: &[Text<'_>]) -> Result<Vec<Function<'a>>, Failure> {
    let mut functions = Vec::new();
    for (tool, declarations) in tools.iter().enumerate() {
        for (position, declared) in declarations.function_declarations.iter().enumerate() {
            if allowed.is_empty() || allowed.contains(&declared.name) {
                let place = || format!("tools[{tool}].function_declarations[{position}].parameters");
                functions.push((&*declared.name, parameters(declared, place)?));
            }
        }
    }
    Ok(functions)
}

fn parameters<'a>(
    declared: &'a FunctionDeclaration<'_>,
    place: impl FnOnce() -> String,
) -> Result<Option<Cow<'a, str>>, Failure> {
    match (declared.parameters, declared.parameters_json_schema) {
        (_, Some(schema)) => Ok(Some(Cow::Borrowed(schema.get()))),
        (Some(schema), None) => translated(schema, place).map(Some),
        (None, None) => Ok(None),
    }
}

fn answer_schema<'a>(config: &'a GenerationConfig<'_>) -> Result<Option<Cow<'a, str>>, Failure> {
    match (config.response_schema, config.response_json_schema) {
        (_, Some(schema)) => Ok(Some(Cow::Borrowed(schema.get()))),
        (Some(schema), None) => {
            translated(schema, || "generation_config.response_schema".to_owned()).map(Some)
        }
        (None, None) => Ok(None),
    }
}

fn translated<'a>(schema: Raw<'_>, place: impl FnOnce() -> String) -> Result<Cow<'a, str>, Failure> {
    match Schema::parse(schema) {
        Ok(schema) => Ok(Cow::Owned(schema.to_json_schema())),
        Err(error) => Err(refusal(&error, schema, &place())),
    }
}

/// A schema that the proto does not hold, in the words of the front end.
fn refusal(error: &SchemaError, schema: Raw<'_>, place: &str) -> Failure {
    const KIND: &str = "type.googleapis.com/google.cloud.aiplatform.v1.Schema";
    Failure::of(match error {
        SchemaError::Type { path, value } => Status::invalid_value(&format!("{place}.{path}"), KIND, value),
        SchemaError::Shape(_) => Status::of_part::<Schema<'_>>(place, schema.get()),
    })
}

/// Most tokens of thought. A model that is told nothing does not think here.
fn budget(thinking: &ThinkingConfig<'_>) -> Option<u32> {
    let by_level = |level: Raw<'_>| match level.get() {
        "\"MINIMAL\"" => 128,
        "\"LOW\"" | "1" => 1_024,
        "\"MEDIUM\"" => 4_096,
        _ => DYNAMIC_BUDGET,
    };
    match (thinking.thinking_budget, thinking.thinking_level) {
        (Some(budget), _) => {
            u32::try_from(budget).map_or(Some(DYNAMIC_BUDGET), |budget| (budget > 0).then_some(budget))
        }
        (None, Some(level)) => Some(by_level(level)),
        (None, None) => (thinking.include_thoughts == Some(true)).then_some(DYNAMIC_BUDGET),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_ask<T>(members: &str, read: impl FnOnce(Ask<'_>) -> T) -> Result<T, Failure> {
        let body = format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"x"}}]}}],{members}}}"#);
        let body = GenerateContentRequest::parse(body.as_bytes()).expect(&body);
        let schemas = Schemas::read(&body, None)?;
        Ok(read(schemas.ask(&body, None, ("gemini-2.5-flash", 100))))
    }

    fn tools(config: &str) -> String {
        format!(
            r#""tools":[{{"functionDeclarations":[{{"name":"a","parameters":{{"type":"OBJECT"}}}},{{"name":"b"}}]}}],"toolConfig":{{"functionCallingConfig":{config}}}"#
        )
    }

    #[test]
    fn modes_say_whether_and_which_functions_are_called() {
        let choice = |config: &str| {
            let names = |ask: Ask<'_>| ask.tools.iter().map(|tool| tool.name.to_string()).collect::<String>();
            with_ask(&tools(config), |ask| (format!("{:?}", ask.choice), names(ask))).expect("sound")
        };
        for (config, expected, names) in [
            ("{}", "Auto", "ab"),
            (r#"{"mode":"AUTO"}"#, "Auto", "ab"),
            (r#"{"mode":"NONE"}"#, "None", "ab"),
            (r#"{"mode":"ANY"}"#, "Any", "ab"),
            (r#"{"mode":"ANY","allowedFunctionNames":["b"]}"#, r#"Named("b")"#, "b"),
            (r#"{"mode":"VALIDATED","allowedFunctionNames":["a"]}"#, "Auto", "a"),
        ] {
            assert_eq!(choice(config), (expected.to_owned(), names.to_owned()), "{config}");
        }
    }

    #[test]
    fn googles_schemas_are_json_schemas_for_the_engine() {
        let format = |config: &str| {
            with_ask(&format!(r#""generationConfig":{config}"#), |ask| match ask.format {
                Format::Text => "text".to_owned(),
                Format::JsonObject => "object".to_owned(),
                Format::JsonSchema(schema) => schema.get().to_owned(),
            })
        };
        assert_eq!(format("{}").expect("sound"), "text");
        assert_eq!(format(r#"{"responseMimeType":"application/json"}"#).expect("sound"), "object");
        let google = r#"{"responseMimeType":"application/json","responseSchema":{"type":"STRING"}}"#;
        assert_eq!(format(google).expect("sound"), r#"{"type":"string"}"#);
        assert_eq!(format(r#"{"responseJsonSchema":{"type":"null"}}"#).expect("sound"), r#"{"type":"null"}"#);
        assert!(format(r#"{"responseSchema":{"type":"DATE"}}"#).is_err());
    }

    #[test]
    fn thinking_is_bounded_by_budget_or_level() {
        let thinking = |config: &str| {
            let members = format!(r#""generationConfig":{{"thinkingConfig":{config}}}"#);
            with_ask(&members, |ask| ask.thinking).expect("sound")
        };
        for (config, expected) in [
            ("{}", None),
            (r#"{"thinkingBudget":0,"includeThoughts":true}"#, None),
            (r#"{"thinkingBudget":512}"#, Some(512)),
            (r#"{"thinkingBudget":-1}"#, Some(DYNAMIC_BUDGET)),
            (r#"{"thinkingLevel":"LOW"}"#, Some(1_024)),
            (r#"{"includeThoughts":true}"#, Some(DYNAMIC_BUDGET)),
        ] {
            assert_eq!(thinking(config), expected, "{config}");
        }
    }
}
