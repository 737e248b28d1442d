//! What a model can do, as the list of models tells it: every key is always there.

use serde::{Deserialize, Serialize};

use super::catalogue::{Known, Thinking};

/// Whether one thing is supported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// Whether.
    pub supported: bool,
}

/// What a model can do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Batches.
    pub batch: Support,
    /// Citations.
    pub citations: Support,
    /// Code that it runs calls the request's other tools.
    pub code_execution: Support,
    /// Mending the context by itself.
    pub context_management: ContextManagement,
    /// Making more or less effort.
    pub effort: Effort,
    /// Pictures in the prompt.
    pub image_input: Support,
    /// Documents in the prompt.
    pub pdf_input: Support,
    /// The service's own tools.
    pub server_tools: ServerTools,
    /// JSON of a schema.
    pub structured_outputs: Support,
    /// Thinking first.
    pub thinking: ThinkingSupport,
}

/// Ways of mending the context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContextManagement {
    /// Earlier thoughts are dropped.
    pub clear_thinking_20251015: Support,
    /// Earlier results of tools are dropped.
    pub clear_tool_uses_20250919: Support,
    /// The conversation is summed up.
    pub compact_20260112: Support,
    /// Whether there is any.
    pub supported: bool,
}

/// Degrees of effort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effort {
    /// `high`.
    pub high: Support,
    /// `low`.
    pub low: Support,
    /// `max`.
    pub max: Support,
    /// `medium`.
    pub medium: Support,
    /// Whether there is any.
    pub supported: bool,
    /// `xhigh`.
    pub xhigh: Support,
}

/// Tools that the service runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerTools {
    /// Running code.
    pub code_execution: Support,
    /// Whether there is any.
    pub supported: bool,
    /// Searching the web.
    pub web_search: Support,
}

/// Ways of thinking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThinkingSupport {
    /// Whether there is any.
    pub supported: bool,
    /// Which a request may ask for.
    pub types: ThinkingTypes,
}

/// Which ways of thinking a request may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThinkingTypes {
    /// As the model sees fit.
    pub adaptive: Support,
    /// None, and remarks between calls as thoughts.
    pub between_tools: Support,
    /// None.
    pub disabled: Support,
    /// Within a budget.
    pub enabled: Support,
}

const fn whether(supported: bool) -> Support {
    Support { supported }
}

impl Capabilities {
    /// Those of a model of the catalogue. Ways of thinking are what requests are checked by; the rest follows from
    /// the model's age and is inferred.
    pub fn of(known: &Known) -> Self {
        let (thinks, adapts) = (known.thinking != Thinking::Never, known.takes_adaptive_thinking());
        Self {
            batch: whether(true),
            citations: whether(true),
            code_execution: whether(adapts),
            context_management: ContextManagement {
                clear_thinking_20251015: whether(thinks),
                clear_tool_uses_20250919: whether(thinks),
                compact_20260112: whether(adapts),
                supported: thinks,
            },
            effort: Effort {
                high: whether(adapts),
                low: whether(adapts),
                max: whether(adapts),
                medium: whether(adapts),
                supported: adapts,
                xhigh: whether(adapts),
            },
            image_input: whether(true),
            pdf_input: whether(
                !known.id.starts_with("claude-3-haiku") && !known.id.starts_with("claude-3-opus"),
            ),
            server_tools: ServerTools {
                code_execution: whether(thinks),
                supported: thinks,
                web_search: whether(thinks),
            },
            structured_outputs: whether(known.released >= "2025-08"),
            thinking: ThinkingSupport {
                supported: thinks,
                types: ThinkingTypes {
                    adaptive: whether(adapts),
                    between_tools: whether(adapts),
                    disabled: whether(true),
                    enabled: whether(known.takes_thinking_budget()),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    #[test]
    fn thinking_is_told_as_requests_are_checked() {
        let of = |name: &str| Capabilities::of(catalogue::find(name).unwrap()).thinking;
        let types = |name: &str| {
            let types = of(name).types;
            [types.adaptive, types.between_tools, types.disabled, types.enabled].map(|one| one.supported)
        };
        assert_eq!(types("claude-3-haiku-20240307"), [false, false, true, false]);
        assert_eq!(types("claude-sonnet-4-5"), [false, false, true, true]);
        assert_eq!(types("claude-sonnet-4-6"), [true, true, true, true]);
        assert_eq!(types("claude-opus-5"), [true, true, true, false]);
        assert!(!of("claude-3-haiku-20240307").supported && of("claude-opus-5").supported);
    }
}
