//! The fields of every request, as OpenAI's published document and its Python client 2.54 have them.

use super::shape::Field;
use super::shape::Shape::{self, Any, Boolean, Choice, Either, Integer, List, Members, Number, Object, Text};

const STRINGS: Shape = List("an array of strings", &Text);
const OBJECTS: Shape = List("an array of objects", &Object);
const STRING_OR_STRINGS: Shape = Either("one of a string or array of strings", &[Text, STRINGS]);

const PART: Shape = Members(&[Field::required("type", Text)]);
const CONTENT: Shape =
    Either("one of a string or array of objects", &[Text, List("an array of objects", &PART)]);

const CALL: Shape = Members(&[
    Field::required("id", Text),
    Field::required("type", Text),
    Field::new("function", Members(&[Field::required("name", Text), Field::required("arguments", Text)])),
]);

const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];

const MESSAGE: Shape = Members(&[
    Field::required("role", Choice(ROLES)),
    Field::new("content", CONTENT),
    Field::new("name", Text),
    Field::new("tool_calls", List("an array of objects", &CALL)),
    Field::new("tool_call_id", Text),
]);

const FUNCTION: Shape = Members(&[
    Field::required("name", Text),
    Field::new("description", Text),
    Field::new("parameters", Object),
    Field::new("strict", Boolean),
]);

const TOOL: Shape =
    Members(&[Field::required("type", Choice(&["function"])), Field::required("function", FUNCTION)]);

const TOOL_CHOICE: Shape = Either(
    "one of 'none', 'auto', 'required' or an object",
    &[
        Choice(&["none", "auto", "required"]),
        Members(&[
            Field::required("type", Text),
            Field::new("function", Members(&[Field::required("name", Text)])),
        ]),
    ],
);

const RESPONSE_FORMAT: Shape = Members(&[
    Field::required("type", Choice(&["json_object", "json_schema", "text"])),
    Field::new("json_schema", Members(&[Field::required("name", Text), Field::new("schema", Object)])),
]);

const STREAM_OPTIONS: Shape =
    Members(&[Field::new("include_usage", Boolean), Field::new("include_obfuscation", Boolean)]);

const SERVICE_TIERS: Shape = Choice(&["auto", "default", "flex", "scale", "priority", "fast"]);
const EFFORTS: Shape = Choice(&["none", "minimal", "low", "medium", "high", "xhigh"]);

/// Of a chat completion.
pub const CHAT: &[Field] = &[
    Field::required("model", Text),
    Field::required("messages", List("an array of objects", &MESSAGE)),
    Field::new("audio", Object),
    Field::new("frequency_penalty", Number),
    Field::new("function_call", Any),
    Field::new("functions", OBJECTS),
    Field::new("logit_bias", Object),
    Field::new("logprobs", Boolean),
    Field::new("max_completion_tokens", Integer),
    Field::new("max_tokens", Integer),
    Field::new("metadata", Object),
    Field::new("modalities", STRINGS),
    Field::new("moderation", Object),
    Field::new("n", Integer),
    Field::new("parallel_tool_calls", Boolean),
    Field::new("prediction", Object),
    Field::new("presence_penalty", Number),
    Field::new("prompt_cache_key", Text),
    Field::new("prompt_cache_options", Object),
    Field::new("prompt_cache_retention", Text),
    Field::new("reasoning_effort", EFFORTS),
    Field::new("response_format", RESPONSE_FORMAT),
    Field::new("safety_identifier", Text),
    Field::new("seed", Integer),
    Field::new("service_tier", SERVICE_TIERS),
    Field::new("stop", STRING_OR_STRINGS),
    Field::new("store", Boolean),
    Field::new("stream", Boolean),
    Field::new("stream_options", STREAM_OPTIONS),
    Field::new("temperature", Number),
    Field::new("tool_choice", TOOL_CHOICE),
    Field::new("tools", List("an array of objects", &TOOL)),
    Field::new("top_logprobs", Integer),
    Field::new("top_p", Number),
    Field::new("user", Text),
    Field::new("verbosity", Choice(&["low", "medium", "high"])),
    Field::new("web_search_options", Object),
];

const TOKENS: Shape = List("an array of integers", &Integer);
const PROMPT: Shape = Either(
    "one of a string, array of strings, array of integers, or array of integer arrays",
    &[Text, STRINGS, TOKENS, List("an array of integer arrays", &TOKENS)],
);

/// Of a completion of the old kind.
pub const COMPLETION: &[Field] = &[
    Field::required("model", Text),
    Field::new("prompt", PROMPT),
    Field::new("best_of", Integer),
    Field::new("echo", Boolean),
    Field::new("frequency_penalty", Number),
    Field::new("logit_bias", Object),
    Field::new("logprobs", Integer),
    Field::new("max_tokens", Integer),
    Field::new("n", Integer),
    Field::new("presence_penalty", Number),
    Field::new("seed", Integer),
    Field::new("stop", STRING_OR_STRINGS),
    Field::new("stream", Boolean),
    Field::new("stream_options", STREAM_OPTIONS),
    Field::new("suffix", Text),
    Field::new("temperature", Number),
    Field::new("top_p", Number),
    Field::new("user", Text),
];

/// Of embeddings.
pub const EMBEDDING: &[Field] = &[
    Field::required("model", Text),
    Field::required("input", PROMPT),
    Field::new("dimensions", Integer),
    Field::new("encoding_format", Choice(&["float", "base64"])),
    Field::new("user", Text),
];

/// Of pictures.
pub const IMAGE: &[Field] = &[
    Field::required("prompt", Text),
    Field::new("model", Text),
    Field::new("background", Choice(&["transparent", "opaque", "auto"])),
    Field::new("moderation", Choice(&["low", "auto"])),
    Field::new("n", Integer),
    Field::new("output_compression", Integer),
    Field::new("output_format", Choice(&["png", "jpeg", "webp"])),
    Field::new("partial_images", Integer),
    Field::new("quality", Choice(&["standard", "hd", "low", "medium", "high", "auto"])),
    Field::new("response_format", Choice(&["url", "b64_json"])),
    Field::new("size", Text),
    Field::new("stream", Boolean),
    Field::new("style", Choice(&["vivid", "natural"])),
    Field::new("user", Text),
];

/// Of a moderation.
pub const MODERATION: &[Field] = &[Field::required("input", Any), Field::new("model", Text)];

const RESPONSE_FUNCTION_CHOICE: Shape = Either(
    "one of 'none', 'auto', 'required' or an object",
    &[
        Choice(&["none", "auto", "required"]),
        Members(&[Field::required("type", Text), Field::new("name", Text)]),
    ],
);

const TEXT_CONFIG: Shape = Members(&[
    Field::new(
        "format",
        Members(&[
            Field::required("type", Choice(&["text", "json_object", "json_schema"])),
            Field::new("name", Text),
            Field::new("schema", Object),
            Field::new("strict", Boolean),
        ]),
    ),
    Field::new("verbosity", Choice(&["low", "medium", "high"])),
]);

/// Of a response.
pub const RESPONSE: &[Field] = &[
    Field::new("model", Text),
    Field::new("input", Either("one of a string or array of input items", &[Text, OBJECTS])),
    Field::new("background", Boolean),
    Field::new("context_management", OBJECTS),
    Field::new("conversation", Any),
    Field::new("include", STRINGS),
    Field::new("instructions", Text),
    Field::new("max_output_tokens", Integer),
    Field::new("max_tool_calls", Integer),
    Field::new("metadata", Object),
    Field::new("moderation", Object),
    Field::new("parallel_tool_calls", Boolean),
    Field::new("previous_response_id", Text),
    Field::new("prompt", Object),
    Field::new("prompt_cache_key", Text),
    Field::new("prompt_cache_options", Object),
    Field::new("prompt_cache_retention", Text),
    Field::new("reasoning", Members(&[Field::new("effort", EFFORTS), Field::new("summary", Text)])),
    Field::new("safety_identifier", Text),
    Field::new("service_tier", SERVICE_TIERS),
    Field::new("store", Boolean),
    Field::new("stream", Boolean),
    Field::new("stream_options", STREAM_OPTIONS),
    Field::new("temperature", Number),
    Field::new("text", TEXT_CONFIG),
    Field::new("tool_choice", RESPONSE_FUNCTION_CHOICE),
    Field::new("tools", List("an array of objects", &Members(&[Field::required("type", Text)]))),
    Field::new("top_logprobs", Integer),
    Field::new("top_p", Number),
    Field::new("truncation", Choice(&["auto", "disabled"])),
    Field::new("user", Text),
];
