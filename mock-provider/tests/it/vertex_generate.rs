//! `generateContent` beyond plain text: functions, thinking, forms of answers, candidates, what is withheld.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Bench, NONCE, against};

const EXACT: &str =
    "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
const FLASH: &str = "/v1/projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-flash";

fn request(prompt: &str, members: &Value) -> Value {
    let mut request = json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]});
    for (name, value) in members.as_object().expect("members") {
        request[name] = value.clone();
    }
    request
}

async fn unary(bench: &Bench, request: &Value) -> Value {
    let answered = bench.post(&format!("{FLASH}:generateContent"), &request.to_string()).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    serde_json::from_slice(&answered.body).expect("JSON")
}

async fn chunks(bench: &Bench, request: &Value) -> Vec<Value> {
    let path = format!("{FLASH}:streamGenerateContent?alt=sse");
    let answered = bench.post(&path, &request.to_string()).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    let events = answered.text().split_terminator("\r\n\r\n");
    events
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").expect(event)).expect(event))
        .collect()
}

async fn refused(bench: &Bench, request: &Value) -> String {
    let answered = bench.post(&format!("{FLASH}:generateContent"), &request.to_string()).await;
    assert_eq!(answered.status(), 400, "{}", answered.text());
    let error: Value = serde_json::from_slice(&answered.body).expect("JSON");
    assert_eq!(error["error"]["status"], "INVALID_ARGUMENT");
    error["error"]["message"].as_str().expect("a message").to_owned()
}

fn parts(candidate: &Value) -> Vec<Value> {
    candidate["content"]["parts"].as_array().cloned().unwrap_or_default()
}

fn all_parts(chunks: &[Value]) -> Vec<Value> {
    chunks.iter().flat_map(|chunk| parts(&chunk["candidates"][0])).collect()
}

fn text(parts: &[Value], is_thought: bool) -> String {
    let of_kind = parts.iter().filter(|part| part.get("thought").is_some() == is_thought);
    of_kind.filter_map(|part| part["text"].as_str()).collect()
}

fn weather() -> Value {
    let city = json!({"type": "OBJECT", "properties": {
        "city": {"type": "STRING"},
        "days": {"type": "INTEGER"},
        "unit": {"type": "STRING", "format": "enum", "enum": ["C", "F"]},
    }, "required": ["city", "days", "unit"]});
    json!([{"functionDeclarations": [{"name": "get_weather", "parameters": city}, {"name": "get_time"}]}])
}

fn calling(config: &Value) -> Value {
    json!({"tools": weather(), "toolConfig": {"functionCallingConfig": config}})
}

#[test]
fn a_function_is_called_with_arguments_of_its_schema() {
    against(EXACT, |bench| async move {
        let config = json!({"mode": "ANY", "allowedFunctionNames": ["get_weather"]});
        let asked = request(NONCE, &calling(&config));
        let answered = unary(&bench, &asked).await;
        let candidate = &answered["candidates"][0];
        let [part] = &*parts(candidate) else { panic!("{answered}") };
        assert_eq!(part["functionCall"]["name"], "get_weather");
        let args = part["functionCall"]["args"].as_object().expect("arguments");
        assert!(args["city"].is_string() && args["days"].is_i64(), "{part}");
        assert!(["C", "F"].contains(&args["unit"].as_str().expect("a unit")), "{part}");
        assert_eq!(candidate["finishReason"], "STOP");
        // A stream brings the same call, whole in one chunk.
        let streamed = chunks(&bench, &asked).await;
        assert_eq!(all_parts(&streamed), std::slice::from_ref(part));
        assert_eq!(streamed.last().expect("chunks")["candidates"][0]["finishReason"], "STOP");
    });
}

#[test]
fn the_turn_with_the_results_is_answered_in_text() {
    against(EXACT, |bench| async move {
        let mut asked = request("x", &calling(&json!({})));
        let first = unary(&bench, &asked).await;
        let turn = first["candidates"][0]["content"].clone();
        let results: Vec<Value> = parts(&first["candidates"][0])
            .iter()
            .map(|call| json!({"functionResponse": {"name": call["functionCall"]["name"], "response": {"ok": 1}}}))
            .collect();
        assert!(!results.is_empty());
        let contents = asked["contents"].as_array_mut().expect("turns");
        contents.extend([turn, json!({"role": "user", "parts": results})]);
        let second = unary(&bench, &asked).await;
        assert!(!text(&parts(&second["candidates"][0]), false).is_empty(), "{second}");
        // One result too few is refused.
        asked["contents"].as_array_mut().expect("turns").truncate(2);
        let unanswered = json!({"role": "user", "parts": [{"text": "well?"}]});
        asked["contents"].as_array_mut().expect("turns").push(unanswered);
        assert!(
            refused(&bench, &asked)
                .await
                .starts_with("Please ensure that the number of function response parts")
        );
        let none = unary(&bench, &request("x", &calling(&json!({"mode": "NONE"})))).await;
        assert!(parts(&none["candidates"][0])[0]["text"].is_string(), "{none}");
    });
}

#[test]
fn arguments_come_piece_by_piece_where_asked_for() {
    against(EXACT, |bench| async move {
        let config = json!({"mode": "ANY", "allowedFunctionNames": ["get_weather"], "streamFunctionCallArguments": true});
        let asked = request(NONCE, &calling(&config));
        let whole = parts(&unary(&bench, &asked).await["candidates"][0])[0]["functionCall"]["args"].clone();
        let calls: Vec<Value> = all_parts(&chunks(&bench, &asked).await)
            .iter()
            .map(|part| part["functionCall"].clone())
            .collect();
        assert_eq!(calls[0], json!({"name": "get_weather", "willContinue": true}));
        assert_eq!(calls.last(), Some(&json!({})));
        let mut built: BTreeMap<String, Value> = BTreeMap::new();
        for piece in calls.iter().filter_map(|call| call["partialArgs"].as_array()).flatten() {
            let path = piece["jsonPath"].as_str().expect("a path").trim_start_matches("$.").to_owned();
            match piece["stringValue"].as_str() {
                Some(text) => {
                    let so_far = built.get(&path).and_then(Value::as_str).unwrap_or_default().to_owned();
                    built.insert(path, json!(so_far + text));
                }
                None => _ = built.insert(path, piece["numberValue"].clone()),
            }
        }
        assert_eq!(json!(built), whole);
    });
}

#[test]
fn thoughts_are_shown_where_asked_for_and_counted_always() {
    against(EXACT, |bench| async move {
        let thinking = |config: Value| json!({"generationConfig": {"thinkingConfig": config}});
        let asked = request(NONCE, &thinking(json!({"thinkingBudget": 64, "includeThoughts": true})));
        let answered = unary(&bench, &asked).await;
        let [thought, said] = &*parts(&answered["candidates"][0]) else { panic!("{answered}") };
        assert_eq!((&thought["thought"], thought.get("thoughtSignature")), (&json!(true), None));
        assert!(said["thoughtSignature"].is_string() && said["text"].is_string());
        let usage = &answered["usageMetadata"];
        let count = |name: &str| usage[name].as_u64().expect(name);
        assert!((1..=64).contains(&count("thoughtsTokenCount")));
        assert_eq!(
            count("totalTokenCount"),
            count("promptTokenCount") + count("candidatesTokenCount") + count("thoughtsTokenCount")
        );
        let streamed = all_parts(&chunks(&bench, &asked).await);
        assert_eq!(text(&streamed, true), thought["text"].as_str().expect("a thought"));
        assert_eq!(text(&streamed, false), said["text"].as_str().expect("a text"));
        assert_eq!(streamed.iter().filter(|part| part.get("thoughtSignature").is_some()).count(), 1);

        let hidden = request(NONCE, &thinking(json!({"thinkingBudget": 64})));
        let answered = unary(&bench, &hidden).await;
        assert_eq!(text(&parts(&answered["candidates"][0]), true), "");
        assert!(answered["usageMetadata"]["thoughtsTokenCount"].is_u64());
        let streamed = chunks(&bench, &hidden).await;
        assert_eq!(text(&all_parts(&streamed), false), said["text"].as_str().expect("a text"));
        assert!(
            streamed.iter().all(|chunk| !parts(&chunk["candidates"][0]).is_empty()),
            "no chunk without a part"
        );
        let message = refused(&bench, &request("x", &thinking(json!({"thinkingBudget": 99_999})))).await;
        assert_eq!(
            message,
            "The thinking budget 99999 is invalid. Please choose a value between 1 and 24576."
        );
    });
}

#[test]
fn an_answer_keeps_the_form_asked_for() {
    against(EXACT, |bench| async move {
        let schema = json!({"type": "ARRAY", "minItems": "1", "items": {"type": "OBJECT",
            "properties": {"name": {"type": "STRING"}, "age": {"type": "INTEGER"}}, "required": ["name", "age"]}});
        let json_form = json!({"responseMimeType": "application/json", "responseSchema": schema});
        let asked = request(NONCE, &json!({"generationConfig": json_form}));
        let said = text(&parts(&unary(&bench, &asked).await["candidates"][0]), false);
        let list: Vec<Value> = serde_json::from_str(&said).expect(&said);
        assert!(
            !list.is_empty() && list.iter().all(|one| one["name"].is_string() && one["age"].is_i64()),
            "{said}"
        );
        assert_eq!(text(&all_parts(&chunks(&bench, &asked).await), false), said);

        let choice = json!({"type": "STRING", "enum": ["Percussion", "Woodwind"]});
        let config = json!({"responseMimeType": "text/x.enum", "responseSchema": choice});
        let answered = unary(&bench, &request("x", &json!({"generationConfig": config}))).await;
        let said = text(&parts(&answered["candidates"][0]), false);
        assert!(["Percussion", "Woodwind"].contains(&&*said), "{said}");

        let config = json!({"responseMimeType": "application/json", "responseSchema": {"type": "DATE"}});
        let message = refused(&bench, &request("x", &json!({"generationConfig": config}))).await;
        assert_eq!(
            message,
            "Invalid value at 'generation_config.response_schema.type' \
             (type.googleapis.com/google.cloud.aiplatform.v1.Schema), \"DATE\""
        );
    });
}

#[test]
fn candidates_are_several_and_a_stop_sequence_ends_them() {
    against(EXACT, |bench| async move {
        let config = json!({"candidateCount": 3, "stopSequences": [" 8bd0.9"]});
        let asked = request(NONCE, &json!({"generationConfig": config}));
        let answered = unary(&bench, &asked).await;
        let candidates = answered["candidates"].as_array().expect("candidates");
        let indexes: Vec<_> = candidates.iter().map(|one| one.get("index").and_then(Value::as_u64)).collect();
        assert_eq!(indexes, [None, Some(1), Some(2)]);
        let whole: Vec<String> = candidates.iter().map(|one| text(&parts(one), false)).collect();
        assert!(whole.iter().all(|text| !text.contains("8bd0.9")));
        let mut streamed = vec![String::new(); 3];
        let chunks = chunks(&bench, &asked).await;
        let mut finished = 0;
        for chunk in &chunks {
            let candidate = &chunk["candidates"][0];
            let index = candidate.get("index").and_then(Value::as_u64).unwrap_or(0) as usize;
            streamed[index] += &text(&parts(candidate), false);
            finished += u32::from(candidate.get("finishReason").is_some());
        }
        assert_eq!((streamed, finished), (whole, 3));
        assert_eq!(chunks.last().expect("chunks")["usageMetadata"], answered["usageMetadata"]);
        let config = json!({"candidateCount": 9});
        let message = refused(&bench, &request("x", &json!({"generationConfig": config}))).await;
        assert!(message.contains("candidateCount value of 9"), "{message}");
    });
}

#[test]
fn log_probabilities_are_those_of_every_token() {
    against(EXACT, |bench| async move {
        let config = json!({"responseLogprobs": true, "logprobs": 3, "maxOutputTokens": 8});
        let asked = request("x", &json!({"generationConfig": config}));
        let answered = unary(&bench, &asked).await;
        let candidate = &answered["candidates"][0];
        let chosen = candidate["logprobsResult"]["chosenCandidates"].as_array().expect("tokens");
        let tokens: String = chosen.iter().filter_map(|one| one["token"].as_str()).collect();
        assert_eq!(tokens, text(&parts(candidate), false));
        let top = candidate["logprobsResult"]["topCandidates"].as_array().expect("places");
        assert_eq!(top.len(), chosen.len());
        assert!(top.iter().all(|place| place["candidates"].as_array().is_some_and(|top| top.len() == 3)));
        assert!(candidate["avgLogprobs"].as_f64().is_some_and(|average| average < 0.0));
        let config = json!({"logprobs": 3});
        refused(&bench, &request("x", &json!({"generationConfig": config}))).await;
    });
}

#[test]
fn a_prompt_is_blocked_when_it_asks_to_be() {
    against(EXACT, |bench| async move {
        let asked = request("brownout:block=PROHIBITED_CONTENT", &json!({}));
        for answered in [unary(&bench, &asked).await, chunks(&bench, &asked).await.remove(0)] {
            assert_eq!(answered.get("candidates"), None);
            assert_eq!(answered["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
            let usage = answered["usageMetadata"].as_object().expect("usage");
            assert_eq!(usage["promptTokenCount"], usage["totalTokenCount"]);
            assert_eq!(usage.get("candidatesTokenCount"), None);
        }
        assert_eq!(chunks(&bench, &asked).await.len(), 1);
    });
}

#[test]
fn an_answer_is_withheld_when_it_asks_to_be_unless_the_harm_may_pass() {
    against(EXACT, |bench| async move {
        let prompt = format!("{NONCE}\nbrownout:finish=SAFETY");
        let config = json!({"maxOutputTokens": 64});
        let asked = request(&prompt, &json!({"generationConfig": config}));
        let answered = unary(&bench, &asked).await;
        let candidate = &answered["candidates"][0];
        assert_eq!((candidate.get("content"), &candidate["finishReason"]), (None, &json!("SAFETY")));
        let ratings = candidate["safetyRatings"].as_array().expect("ratings");
        assert_eq!(ratings.iter().filter(|rating| rating["blocked"] == true).count(), 1);
        let streamed = chunks(&bench, &asked).await;
        assert_eq!(text(&all_parts(&streamed), false), " 8bd0.0", "the text so far");
        let last = &streamed.last().expect("chunks")["candidates"][0];
        assert_eq!((last.get("content"), &last["finishReason"]), (None, &json!("SAFETY")));

        let settings = json!([{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "OFF"}]);
        let let_pass = request(&prompt, &json!({"safetySettings": settings}));
        let candidate = &unary(&bench, &let_pass).await["candidates"][0];
        assert!(!parts(candidate).is_empty() && candidate["finishReason"] != "SAFETY");
        let ratings = candidate["safetyRatings"].as_array().expect("ratings");
        assert!(ratings.iter().all(|rating| rating["probability"] == "NEGLIGIBLE"));
    });
}

#[test]
fn tokens_are_those_of_the_texts() {
    against(EXACT, |bench| async move {
        let answered =
            bench.post(&format!("{FLASH}:computeTokens"), &request("Hi there", &json!({})).to_string()).await;
        let computed: Value = serde_json::from_slice(&answered.body).expect("JSON");
        let info = &computed["tokensInfo"][0];
        assert_eq!(info["role"], "user");
        let tokens = info["tokens"].as_array().expect("tokens");
        assert_eq!(tokens.len(), info["tokenIds"].as_array().expect("ids").len());
        assert!(!tokens.is_empty() && info["tokenIds"][0].is_string());
    });
}
