//! The body of a request. Unknown fields are ignored, though the service refuses them: newer clients send newer ones.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::numbers::{proto_i32, proto_u32};
use super::safety::SafetySetting;
use super::tools::{Tool, ToolConfig};
use crate::json::{self, Raw, Text};
use crate::vertex::proto_json::{message, messages, object, scalar, scalars, texts};

/// A request to generate content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateContentRequest<'a> {
    /// The conversation.
    #[serde(borrow, default, deserialize_with = "messages")]
    pub contents: Vec<Content<'a>>,
    /// Instructions.
    #[serde(default, alias = "system_instruction", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_instruction: Option<Content<'a>>,
    /// Functions the model may call.
    #[serde(default, deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
    /// Whether it does.
    #[serde(default, alias = "tool_config", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_config: Option<ToolConfig<'a>>,
    /// What is blocked.
    #[serde(default, alias = "safety_settings", deserialize_with = "messages")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub safety_settings: Vec<SafetySetting<'a>>,
    /// How the answer is made.
    #[serde(default, alias = "generation_config", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_config: Option<GenerationConfig<'a>>,
    /// A cached beginning, by name.
    #[serde(default, alias = "cached_content", skip_serializing_if = "Option::is_none")]
    pub cached_content: Option<Text<'a>>,
    /// The caller's own labels.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub labels: Option<Raw<'a>>,
    /// A further guard.
    #[serde(default, alias = "model_armor_config", deserialize_with = "object")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_armor_config: Option<Raw<'a>>,
}

/// How an answer is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationConfig<'a> {
    /// 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default, alias = "top_p", skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// A float, by the proto.
    #[serde(default, alias = "top_k", skip_serializing_if = "Option::is_none")]
    pub top_k: Option<f64>,
    /// How many answers.
    #[serde(default, alias = "candidate_count", deserialize_with = "proto_u32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_count: Option<u32>,
    /// Most tokens of an answer.
    #[serde(default, alias = "max_output_tokens", deserialize_with = "proto_u32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// Texts before which an answer ends.
    #[serde(borrow, default, alias = "stop_sequences", deserialize_with = "texts")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<Text<'a>>,
    /// Whether log probabilities are wanted.
    #[serde(default, alias = "response_logprobs", skip_serializing_if = "Option::is_none")]
    pub response_logprobs: Option<bool>,
    /// How many of them a token.
    #[serde(default, deserialize_with = "proto_u32", skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u32>,
    /// -2 to 2.
    #[serde(default, alias = "presence_penalty", skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// -2 to 2.
    #[serde(default, alias = "frequency_penalty", skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// For answers that repeat.
    #[serde(default, deserialize_with = "proto_i32", skip_serializing_if = "Option::is_none")]
    pub seed: Option<i32>,
    /// `text/plain`, `application/json` or `text/x.enum`.
    #[serde(default, alias = "response_mime_type", skip_serializing_if = "Option::is_none")]
    pub response_mime_type: Option<Text<'a>>,
    /// The answer's form as Google's schema.
    #[serde(default, alias = "response_schema", deserialize_with = "object")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<Raw<'a>>,
    /// The answer's form as a JSON schema.
    #[serde(default, alias = "response_json_schema", skip_serializing_if = "Option::is_none")]
    pub response_json_schema: Option<Raw<'a>>,
    /// Text, pictures, speech.
    #[serde(default, alias = "response_modalities", deserialize_with = "scalars")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_modalities: Option<Raw<'a>>,
    /// How closely pictures are looked at.
    #[serde(default, alias = "media_resolution", deserialize_with = "scalar")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_resolution: Option<Raw<'a>>,
    /// Which voice.
    #[serde(default, alias = "speech_config", deserialize_with = "object")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech_config: Option<Raw<'a>>,
    /// Whether the model thinks first.
    #[serde(default, alias = "thinking_config", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_config: Option<ThinkingConfig<'a>>,
    /// Shape of pictures.
    #[serde(default, alias = "image_config", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_config: Option<ImageConfig<'a>>,
    /// Which model, where the service may choose.
    #[serde(default, alias = "routing_config", deserialize_with = "object")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_config: Option<Raw<'a>>,
    /// Whether recordings have times.
    #[serde(default, alias = "audio_timestamp", skip_serializing_if = "Option::is_none")]
    pub audio_timestamp: Option<bool>,
}

/// Whether and how much a model thinks first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThinkingConfig<'a> {
    /// Whether the answer shows the thoughts.
    #[serde(default, alias = "include_thoughts", skip_serializing_if = "Option::is_none")]
    pub include_thoughts: Option<bool>,
    /// Most tokens of thought; -1 is as many as it takes.
    #[serde(default, alias = "thinking_budget", deserialize_with = "proto_i32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_budget: Option<i32>,
    /// `LOW`, `MEDIUM`, `HIGH`, or a number.
    #[serde(borrow, default, alias = "thinking_level", deserialize_with = "scalar")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_level: Option<Raw<'a>>,
}

/// Shape of the pictures in an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageConfig<'a> {
    /// Such as `16:9`.
    #[serde(borrow, default, alias = "aspect_ratio", skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<Text<'a>>,
    /// `1K`, `2K` or `4K`.
    #[serde(default, alias = "image_size", skip_serializing_if = "Option::is_none")]
    pub image_size: Option<Text<'a>>,
}

impl<'a> GenerateContentRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the proto's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the request body.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The request body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// Most tokens of the answer, when the caller set a limit.
    pub fn output_token_limit(&self) -> Option<u32> {
        self.generation_config.as_ref()?.max_output_tokens
    }

    /// The last turn that is not the model's.
    pub fn last_user_content(&self) -> Option<&Content<'a>> {
        self.contents.iter().rfind(|content| !content.is_model())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FunctionCallingMode, Part, PartData};
    use super::*;
    use crate::vertex::error::Status;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const FULL: &str = concat!(
        r#"{"contents":[{"role":"user","parts":[{"text":"look"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},"#,
        r#"{"fileData":{"mimeType":"video/mp4","fileUri":"gs://b/o"}}]},"#,
        r#"{"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"name":"f","args":{"a": 1}},"thoughtSignature":"c2ln"}]},"#,
        r#"{"role":"user","parts":[{"functionResponse":{"id":"7","name":"f","response":{}}},{"executableCode":{}},{"codeExecutionResult":{}}]}],"#,
        r#""systemInstruction":{"parts":[{"text":"be brief"}]},"#,
        r#""tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":{},"parametersJsonSchema":{}}]}],"#,
        r#""toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"],"streamFunctionCallArguments":true}},"#,
        r#""safetySettings":[{"category":1,"threshold":"OFF"}],"#,
        r#""generationConfig":{"temperature":0.5,"topP":1.0,"topK":40.0,"candidateCount":1,"maxOutputTokens":64,"#,
        r#""stopSequences":["END"],"responseLogprobs":true,"logprobs":2,"presencePenalty":0.1,"frequencyPenalty":0.2,"#,
        r#""seed":-5,"responseMimeType":"application/json","responseSchema":{},"responseJsonSchema":{},"#,
        r#""responseModalities":["TEXT"],"mediaResolution":1,"speechConfig":{},"#,
        r#""thinkingConfig":{"includeThoughts":true,"thinkingBudget":-1,"thinkingLevel":"LOW"},"#,
        r#""imageConfig":{"aspectRatio":"1:1","imageSize":"1K"},"routingConfig":{},"audioTimestamp":true},"#,
        r#""cachedContent":"projects/p/locations/l/cachedContents/1","labels":{"a":"b"},"modelArmorConfig":{}}"#,
    );

    #[test]
    fn a_request_with_every_field_is_written_as_it_was_read() {
        let request = GenerateContentRequest::parse(FULL.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&request.to_bytes()).unwrap(), FULL);
        assert_eq!(request.output_token_limit(), Some(64));
    }

    #[test]
    fn snake_case_is_the_same_request() {
        let mut snake = String::new();
        for (index, piece) in FULL.split('"').enumerate() {
            let key =
                index % 2 == 1 && piece.starts_with(|c: char| c.is_ascii_lowercase()) && !piece.contains('/');
            for c in piece.chars() {
                if key && c.is_ascii_uppercase() {
                    snake.push('_');
                    snake.push(c.to_ascii_lowercase());
                } else {
                    snake.push(c);
                }
            }
            snake.push('"');
        }
        snake.pop();
        assert!(snake.contains("max_output_tokens") && snake.contains("allowed_function_names"));
        let request = GenerateContentRequest::parse(snake.as_bytes()).unwrap();
        assert_eq!(request, GenerateContentRequest::parse(FULL.as_bytes()).unwrap());
    }

    #[test]
    fn null_and_unknown_fields_are_as_if_left_out() {
        let body = br#"{"contents":null,"tools":null,"generationConfig":{"maxOutputTokens":null,"stopSequences":null},"x":[{}]}"#;
        let request = GenerateContentRequest::parse(body).unwrap();
        let config = Some(GenerationConfig::default());
        assert_eq!(request, GenerateContentRequest { generation_config: config, ..Default::default() });
    }

    #[test]
    fn enums_as_numbers_and_numbers_as_text_are_taken() {
        let body = br#"{"contents":[],"toolConfig":{"functionCallingConfig":{"mode":5}},
            "generationConfig":{"maxOutputTokens":"64"}}"#;
        let request = GenerateContentRequest::parse(body).unwrap();
        let mode = request.tool_config.as_ref().unwrap().function_calling_config.as_ref().unwrap().mode;
        assert_eq!((mode, request.output_token_limit()), (Some(FunctionCallingMode::Validated), Some(64)));
    }

    #[test]
    fn a_part_is_one_thing() {
        let body = br#"{"contents":[{"parts":[{"text":"a","functionCall":{"name":"f"}}]}]}"#;
        let error = GenerateContentRequest::parse(body).unwrap_err();
        assert!(error.to_string().contains("oneof field 'data' is already set"), "{error}");
    }

    /// The places of all objects, but for those of the caller's own form.
    fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
        let inner: Vec<(String, &Value)> = match value {
            Value::Object(members) => {
                found.push(at.to_owned());
                let own = |name: &str| name.ends_with("JsonSchema");
                members
                    .iter()
                    .filter(|(name, _)| !own(name))
                    .map(|(name, value)| (name.clone(), value))
                    .collect()
            }
            Value::Array(elements) => {
                elements.iter().enumerate().map(|(index, element)| (index.to_string(), element)).collect()
            }
            _ => return,
        };
        inner.into_iter().for_each(|(name, value)| objects(value, &format!("{at}/{name}"), found));
    }

    #[test]
    fn a_list_is_refused_wherever_an_object_is_due() {
        let full: Value = serde_json::from_str(FULL).unwrap();
        let mut places = Vec::new();
        objects(&full, "", &mut places);
        assert!(places.len() > 25, "{places:?}");
        for place in places {
            let object = full.pointer(&place).unwrap().clone();
            for list in [json!([]), json!([object])] {
                let mut body = full.clone();
                *body.pointer_mut(&place).unwrap() = list;
                let body = body.to_string();
                assert!(GenerateContentRequest::parse(body.as_bytes()).is_err(), "{place}: {body}");
                let said = Status::of_payload::<GenerateContentRequest<'_>>(body.as_bytes());
                let words = match &*place {
                    "" => "Root element must be a message.",
                    _ => "Proto field is not repeating, cannot start list.",
                };
                assert!(said.message.ends_with(words), "{place}: {}", said.message);
            }
        }
    }

    #[test]
    fn one_value_is_taken_for_a_list_of_one() {
        let many = br#"{"contents":[{"role":"user","parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],
            "safetySettings":[{"category":1}],"generationConfig":{"stopSequences":["END"]}}"#;
        let one = br#"{"contents":{"role":"user","parts":{"text":"x"}},"tools":{"functionDeclarations":{"name":"f"}},
            "safetySettings":{"category":1},"generationConfig":{"stopSequences":"END"}}"#;
        assert_eq!(GenerateContentRequest::parse(one).unwrap(), GenerateContentRequest::parse(many).unwrap());
    }

    #[test]
    fn the_last_user_turn_is_found_without_thoughts() {
        let request = GenerateContentRequest::parse(
            br#"{"contents":[{"parts":[{"text":"a"},{"text":"b","thought":true},{"text":"c"}]},{"role":"model"}]}"#,
        )
        .unwrap();
        assert_eq!(request.last_user_content().unwrap().texts().collect::<Vec<_>>(), ["a", "c"]);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let contents = vec![Content::of_text("user", text.as_str())];
            let body = GenerateContentRequest { contents, ..Default::default() }.to_bytes();
            let request = GenerateContentRequest::parse(&body).unwrap();
            prop_assert_eq!(&request.contents[0].parts[0], &Part::from(PartData::Text(text.as_str().into())));
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = GenerateContentRequest::parse(&bytes);
        }

        #[test]
        fn no_cut_body_passes(cut in 0..FULL.len()) {
            prop_assert!(GenerateContentRequest::parse(&FULL.as_bytes()[..cut]).is_err());
        }
    }
}
