//! What a model answers to what is asked: which blocks, how long, and why it stops there.
//!
//! A pure function of (seed, request, model, candidate). Every part of an answer has draws of its own, so
//! that thinking does not shift the text after it, nor one call another, nor the order of the tools
//! anything.

use world::{Domain, Draws};

use super::ask::{Ask, Format, Tool, ToolChoice};
use super::identity::Identity;
use super::length::AnswerLaw;
use super::reply::{Block, Reply, Stop, ToolCall};
use super::schema;
use super::text::Text;
use crate::answers::{Said, Scripted, StopFile};
use crate::call::Engine;
use crate::profile::Profile;

/// In one answer of this many, a model that may call several tools at once calls two.
const SECOND_CALL_ONE_IN: u64 = 3;

impl Engine {
    /// What a model of `profile` answers.
    pub(crate) fn reply(&self, profile: &Profile, identity: &Identity, ask: &Ask<'_>) -> Reply {
        let composer = Composer { law: profile.answer, domain: &self.content, identity, ask };
        match identity.scripted.and_then(|place| self.turns.at(place)) {
            Some(Scripted::Say(said)) => composer.scripted(said),
            _ => composer.reply(),
        }
    }
}

/// Composes one answer.
struct Composer<'a> {
    law: AnswerLaw,
    domain: &'a Domain,
    identity: &'a Identity,
    ask: &'a Ask<'a>,
}

impl Composer<'_> {
    /// The answer.
    fn reply(&self) -> Reply {
        let allowed = self.ask.max_tokens.max(1);
        let thinking = self.thinking(allowed);
        let left = allowed - thinking.as_ref().map_or(0, Text::tokens);
        match (thinking, self.calls(left)) {
            (None, None) => {
                let (text, stop) = self.text(left);
                Reply::of_text(text, stop)
            }
            (thinking, calls) => {
                let (said, stop) = calls.map_or_else(|| self.said(left), |calls| (calls, Stop::ToolUse));
                let mut blocks: Vec<Block> = thinking.into_iter().map(Block::Thinking).collect();
                blocks.extend(said);
                Reply::new(blocks, stop)
            }
        }
    }

    /// The draws of the part `what` of this answer.
    fn draws(&self, what: &str, ordinal: u32) -> Draws {
        let candidate = self.ask.candidate.to_le_bytes();
        let key = self.identity.content.to_le_bytes();
        self.domain.draws(&[
            &key,
            self.ask.model.as_bytes(),
            &candidate,
            what.as_bytes(),
            &ordinal.to_le_bytes(),
        ])
    }

    /// Thinking leaves at least one token to the answer.
    fn thinking(&self, allowed: u32) -> Option<Text> {
        let most = self.ask.thinking?.min(allowed - 1);
        if most == 0 {
            return None;
        }
        let mut draws = self.draws("thinking", 0);
        let (tokens, is_cut) = self.law.length(&mut draws, most);
        Some(Text::words(draws.next_u64(), tokens, !is_cut))
    }

    fn said(&self, allowed: u32) -> (Vec<Block>, Stop) {
        let (text, stop) = self.text(allowed);
        (vec![Block::Text(text)], stop)
    }

    fn text(&self, allowed: u32) -> (Text, Stop) {
        let (mut text, stop) = match self.ask.format {
            Format::Text => self.prose(allowed),
            Format::JsonObject => self.json(None, allowed),
            Format::JsonSchema(schema) => self.json(Some(schema.get()), allowed),
        };
        match text.stop_at(&self.ask.stops) {
            Some(sequence) => (text, Stop::StopSequence(sequence)),
            None => (text, stop),
        }
    }

    fn prose(&self, allowed: u32) -> (Text, Stop) {
        let (key, model) = (self.identity.content.to_le_bytes(), self.ask.model.as_bytes());
        let mut draws = match self.ask.candidate {
            0 => self.domain.draws(&[&key, model]),
            candidate => self.domain.draws(&[&key, model, &candidate.to_le_bytes()]),
        };
        let (tokens, is_cut) = self.law.length(&mut draws, allowed);
        (self.made_up(&mut draws, tokens, !is_cut), if is_cut { Stop::MaxTokens } else { Stop::End })
    }

    fn made_up(&self, draws: &mut Draws, tokens: u32, is_complete: bool) -> Text {
        match self.identity.nonce {
            Some(nonce) => Text::tagged(nonce.tag(), tokens),
            None => Text::words(draws.next_u64(), tokens, is_complete),
        }
    }

    /// What a user has scripted, within what is allowed.
    fn scripted(&self, said: &Said) -> Reply {
        let mut blocks = Vec::with_capacity(2);
        let mut stop = Stop::End;
        if said.text.is_some() || said.tokens.is_some() {
            let (text, ended) = self.scripted_text(said, self.ask.max_tokens.max(1));
            blocks.push(Block::Text(text));
            stop = ended;
        }
        if let (Some((name, arguments)), Stop::End) = (&said.call, &stop) {
            let mut draws = self.draws(name, 0);
            let id_bits = (draws.next_u64(), draws.next_u64());
            blocks.push(Block::ToolCall(ToolCall::new(id_bits, name, arguments)));
            stop = Stop::ToolUse;
        }
        Reply::new(blocks, stop)
    }

    fn scripted_text(&self, said: &Said, allowed: u32) -> (Text, Stop) {
        let (mut text, is_cut) = match (&said.text, said.tokens.unwrap_or(1)) {
            (Some(text), _) => Text::whole(text.as_str(), allowed),
            (None, tokens) => {
                let is_cut = tokens > allowed;
                (self.made_up(&mut self.draws("scripted", 0), tokens.min(allowed), !is_cut), is_cut)
            }
        };
        let stopped = text.stop_at(&self.ask.stops);
        let stop = match (said.stop, stopped) {
            (Some(StopFile::End), _) => Stop::End,
            (Some(StopFile::MaxTokens), _) => Stop::MaxTokens,
            (None, Some(sequence)) => Stop::StopSequence(sequence),
            (None, None) if is_cut => Stop::MaxTokens,
            (None, None) => Stop::End,
        };
        (text, stop)
    }

    /// JSON that does not fit is cut, as a model's is.
    fn json(&self, schema: Option<&str>, allowed: u32) -> (Text, Stop) {
        let json = schema::generate(schema, &mut self.draws("json", 0));
        let (text, is_cut) = Text::whole(json, allowed);
        (text, if is_cut { Stop::MaxTokens } else { Stop::End })
    }

    /// The tools that are called; none when the answer is a text. Calls that do not fit into what is
    /// allowed are not made: the text that comes instead is cut there.
    fn calls(&self, allowed: u32) -> Option<Vec<Block>> {
        let called = self.called();
        let mut blocks = Vec::with_capacity(called.len());
        let mut tokens = 0;
        for (ordinal, tool) in called.into_iter().enumerate() {
            let call = self.call(tool, ordinal as u32);
            tokens += call.tokens();
            if tokens > allowed {
                break;
            }
            blocks.push(Block::ToolCall(call));
        }
        (!blocks.is_empty()).then_some(blocks)
    }

    fn call(&self, tool: &Tool<'_>, ordinal: u32) -> ToolCall {
        let mut draws = self.draws(&tool.name, ordinal);
        let id_bits = (draws.next_u64(), draws.next_u64());
        let arguments = schema::generate_object(tool.schema.map(|schema| schema.get()), &mut draws);
        ToolCall::new(id_bits, &*tool.name, arguments)
    }

    fn called(&self) -> Vec<&Tool<'_>> {
        let ask = self.ask;
        match &ask.choice {
            ToolChoice::None => Vec::new(),
            ToolChoice::Named(name) => ask.tools.iter().find(|tool| tool.name == *name).into_iter().collect(),
            ToolChoice::Auto if ask.answers_tool => Vec::new(),
            ToolChoice::Auto | ToolChoice::Any => self.drawn_calls(),
        }
    }

    /// One tool or two, whichever order they are listed in.
    fn drawn_calls(&self) -> Vec<&Tool<'_>> {
        let mut ranked: Vec<(u64, &Tool<'_>)> =
            self.ask.tools.iter().map(|tool| (self.draws(&tool.name, u32::MAX).next_u64(), tool)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let is_second_due = self.ask.parallel_tools && self.draws("calls", 0).below(SECOND_CALL_ONE_IN) == 0;
        let mut called: Vec<&Tool<'_>> = ranked.iter().map(|(_, tool)| *tool).take(1).collect();
        if is_second_due && let Some((_, tool)) = ranked.get(1).or(ranked.first()) {
            called.push(tool);
        }
        called
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::Nonce;
    use std::borrow::Cow;
    use wire::json::Raw;
    use world::Seed;

    const LAW: AnswerLaw = AnswerLaw { median: 40.0, sigma: 0.9 };
    const CITY: &str = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;

    fn identity(content: u64, nonce: Option<Nonce>) -> Identity {
        Identity { nonce, content, arrival: 1, request: 1, attempt: 0, scripted: None }
    }

    fn reply_to(content: u64, ask: &Ask<'_>) -> Reply {
        let identity = identity(content, None);
        let domain = Seed(1).domain("content");
        Composer { law: LAW, domain: &domain, identity: &identity, ask }.reply()
    }

    fn tools<'a>(names: &[&'a str]) -> Vec<Tool<'a>> {
        let schema = Some(Raw::parse(CITY).expect("JSON"));
        names.iter().map(|name| Tool { name: (*name).into(), schema }).collect()
    }

    fn calls(reply: &Reply) -> Vec<&ToolCall> {
        reply
            .blocks()
            .iter()
            .filter_map(|block| match block {
                Block::ToolCall(call) => Some(call),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn an_answer_depends_on_seed_request_model_and_candidate_alone() {
        let ask = |model: &'static str, candidate| Ask { candidate, ..Ask::text(model, 4_096) };
        let first = reply_to(5, &ask("m", 0)).text();
        assert_eq!(first, reply_to(5, &ask("m", 0)).text());
        for other in [reply_to(6, &ask("m", 0)), reply_to(5, &ask("n", 0)), reply_to(5, &ask("m", 1))] {
            assert_ne!(first, other.text());
        }
    }

    #[test]
    fn two_providers_of_one_model_answer_alike() {
        let profile = Profile::named("bedrock/claude-haiku").expect("it ships");
        let text = |name: &str| {
            let plan = crate::MockPlan::new(name, profile.clone(), Vec::new());
            world::run_virtual(Seed(1), |world| async move {
                let engine = Engine::new(plan, world.seed(), *world.clock());
                let profile = engine.plan.main().clone();
                engine.reply(&profile, &identity(3, None), &Ask::text("m", 100)).text()
            })
        };
        assert_eq!(text("bedrock-eu"), text("bedrock-us"));
    }

    #[test]
    fn what_is_scripted_keeps_to_what_is_allowed() {
        let said =
            |text: Option<&str>, call: bool, tokens: Option<u32>, stop: Option<StopFile>, ask: &Ask<'_>| {
                let call = call.then(|| ("f".to_owned(), r#"{"a":1}"#.to_owned()));
                let said = Said { text: text.map(str::to_owned), call, tokens, stop };
                let (identity, domain) = (identity(1, None), Seed(1).domain("content"));
                Composer { law: LAW, domain: &domain, identity: &identity, ask }.scripted(&said)
            };
        let plain = Ask::text("m", 100);
        let reply = said(Some("Hello there."), false, None, None, &plain);
        assert_eq!((reply.text().as_str(), reply.stop()), ("Hello there.", &Stop::End));
        let reply = said(Some("Hello there."), false, None, Some(StopFile::MaxTokens), &plain);
        assert_eq!((reply.text().as_str(), reply.stop()), ("Hello there.", &Stop::MaxTokens));
        let reply = said(Some("Hello there."), false, None, None, &Ask::text("m", 1));
        assert_eq!((reply.text().as_str(), reply.stop()), ("Hello", &Stop::MaxTokens));
        let stops = Ask { stops: vec![" there".into()], ..plain.clone() };
        let reply = said(Some("Hello there."), false, None, None, &stops);
        assert_eq!(reply.stop(), &Stop::StopSequence(" there".to_owned()));
        let reply = said(Some("One moment."), true, None, None, &plain);
        assert!(
            matches!(reply.blocks(), [Block::Text(_), Block::ToolCall(call)] if call.arguments == r#"{"a":1}"#)
        );
        assert_eq!(reply.stop(), &Stop::ToolUse);
        let reply = said(None, false, Some(40), None, &plain);
        assert_eq!((reply.tokens(), reply.stop()), (40, &Stop::End));
        let reply = said(None, false, Some(140), None, &plain);
        assert_eq!((reply.tokens(), reply.stop()), (100, &Stop::MaxTokens));
    }

    #[test]
    fn a_nonce_is_echoed_token_by_token() {
        let nonce = Nonce::new(0x0123_4567_89ab_cdef);
        let (identity, domain) = (identity(nonce.id(), Some(nonce)), Seed(1).domain("content"));
        let ask = Ask::text("m", 4_096);
        let reply = Composer { law: LAW, domain: &domain, identity: &identity, ask: &ask }.reply();
        let expected: String = (0..reply.tokens()).map(|seq| nonce.token_text(seq)).collect();
        assert_eq!(reply.text(), expected);
    }

    #[test]
    fn the_allowed_length_is_kept_exactly() {
        let mut cut = 0;
        for key in 0..200 {
            let reply = reply_to(key, &Ask::text("m", 40));
            assert!((1..=40).contains(&reply.tokens()));
            match reply.stop() {
                Stop::MaxTokens => {
                    assert_eq!(reply.tokens(), 40);
                    cut += 1;
                }
                stop => assert_eq!(*stop, Stop::End),
            }
        }
        assert!((70..130).contains(&cut), "{cut} of 200 answers of median 40 are longer");
        assert_eq!(reply_to(1, &Ask::text("m", 0)).tokens(), 1);
    }

    #[test]
    fn thinking_comes_first_and_shifts_nothing() {
        let plain = Ask::text("m", 4_096);
        let thoughtful = Ask { thinking: Some(1_024), ..plain.clone() };
        let (plain, thoughtful) = (reply_to(3, &plain), reply_to(3, &thoughtful));
        assert!(matches!(thoughtful.blocks(), [Block::Thinking(_), Block::Text(_)]));
        assert_eq!(plain.text(), thoughtful.text());
        assert_eq!(thoughtful.tokens(), plain.tokens() + thoughtful.thinking_tokens());
        for max_tokens in [1, 2, 30] {
            let tight = reply_to(3, &Ask { thinking: Some(10_000), ..Ask::text("m", max_tokens) });
            assert!(tight.tokens() <= max_tokens && !tight.text().is_empty());
        }
    }

    #[test]
    fn a_stop_sequence_ends_the_text_before_it() {
        let whole = reply_to(8, &Ask::text("m", 4_096)).text();
        let word = whole.split(' ').nth(4).expect("a fifth word");
        let ask =
            Ask { stops: vec![Cow::Owned(format!(" {word}")), "\n\nHuman:".into()], ..Ask::text("m", 4_096) };
        let reply = reply_to(8, &ask);
        assert_eq!(*reply.stop(), Stop::StopSequence(format!(" {word}")));
        assert!(whole.starts_with(&reply.text()) && !reply.text().contains(&format!(" {word}")));
    }

    #[test]
    fn the_first_turn_calls_and_the_turn_with_results_answers() {
        let ask = Ask { tools: tools(&["a", "b"]), ..Ask::text("m", 4_096) };
        let reply = reply_to(1, &ask);
        assert_eq!((calls(&reply).len(), reply.stop()), (1, &Stop::ToolUse));
        let answers = |ask: Ask<'_>| calls(&reply_to(1, &ask)).is_empty();
        assert!(answers(Ask { answers_tool: true, ..ask.clone() }));
        assert!(answers(Ask { choice: ToolChoice::None, ..ask.clone() }));
        assert!(!answers(Ask { choice: ToolChoice::Any, answers_tool: true, ..ask.clone() }));
        assert!(answers(Ask { choice: ToolChoice::Any, tools: Vec::new(), ..ask.clone() }));
        let named = Ask { choice: ToolChoice::Named("b".into()), parallel_tools: true, ..ask };
        for key in 0..20 {
            let reply = reply_to(key, &named);
            assert_eq!(calls(&reply).iter().map(|call| &*call.name).collect::<Vec<_>>(), ["b"]);
        }
    }

    #[test]
    fn the_order_of_tools_is_nothing_to_the_calls() {
        let mut seen = std::collections::BTreeMap::new();
        for key in 0..60 {
            let ask = |names: &[&'static str]| Ask {
                tools: tools(names),
                parallel_tools: true,
                ..Ask::text("m", 4_096)
            };
            let (one, other) = (reply_to(key, &ask(&["a", "b", "c"])), reply_to(key, &ask(&["c", "a", "b"])));
            assert_eq!(one.blocks(), other.blocks());
            *seen.entry(calls(&one).len()).or_insert(0) += 1;
        }
        assert!(seen[&1] > 25 && seen[&2] > 8, "{seen:?}");
    }

    #[test]
    fn a_call_that_is_not_allowed_its_length_is_not_made() {
        let reply = reply_to(1, &Ask { tools: tools(&["a"]), ..Ask::text("m", 2) });
        assert!(calls(&reply).is_empty());
        assert!(reply.tokens() <= 2);
    }

    #[test]
    fn json_is_whole_or_cut() {
        let schema = Raw::parse(CITY).expect("JSON");
        let ask = Ask { format: Format::JsonSchema(schema), ..Ask::text("m", 4_096) };
        let reply = reply_to(1, &ask);
        let value: serde_json::Value = serde_json::from_str(&reply.text()).expect("JSON");
        assert!(value["city"].is_string());
        let cut = reply_to(1, &Ask { max_tokens: 2, ..ask.clone() });
        assert_eq!((cut.stop(), cut.tokens()), (&Stop::MaxTokens, 2));
        assert!(reply.text().starts_with(&cut.text()));
        let object = reply_to(1, &Ask { format: Format::JsonObject, ..ask });
        assert!(serde_json::from_str::<serde_json::Value>(&object.text()).expect("JSON").is_object());
    }
}
