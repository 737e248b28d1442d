"""boto3 and InvokeModel beyond Claude: each family's own body, whole and streamed, and its embeddings; guardrails."""

import json

import boto3
import pytest

from support.bedrock import ACCESS_KEY, CLAUDE, REGION, SECRET_KEY, claude_body, client_of, messages
from support.nonce import nonce_of, whole_tokens

TOKENS = 16


@pytest.fixture
def client(bedrock_mock):
    client = client_of(bedrock_mock.url, read_timeout=10)
    yield client
    client.close()


def nova_body(prompt):
    turns = [{"role": "user", "content": [{"text": prompt}]}]
    return {"schemaVersion": "messages-v1", "messages": turns, "inferenceConfig": {"maxTokens": TOKENS}}


def nova_tokens(answer):
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    return answer["output"]["message"]["content"][0]["text"], usage["outputTokens"]


def nova_pieces(pieces):
    text = "".join(piece["contentBlockDelta"]["delta"]["text"] for piece in pieces if "contentBlockDelta" in piece)
    [stop] = [piece["messageStop"] for piece in pieces if "messageStop" in piece]
    assert stop["stopReason"] in {"end_turn", "max_tokens"}
    return text, pieces[-1]["metadata"]["usage"]["outputTokens"]


def titan_body(prompt):
    return {"inputText": prompt, "textGenerationConfig": {"maxTokenCount": TOKENS}}


def titan_tokens(answer):
    [result] = answer["results"]
    assert result["completionReason"] in {"FINISH", "LENGTH"}
    assert answer["inputTextTokenCount"] > 0
    return result["outputText"], result["tokenCount"]


def titan_pieces(pieces):
    assert pieces[-1]["completionReason"] in {"FINISH", "LENGTH"}
    return "".join(piece["outputText"] for piece in pieces), pieces[-1]["totalOutputTextTokenCount"]


def llama_body(prompt):
    return {"prompt": prompt, "max_gen_len": TOKENS}


def llama_tokens(answer):
    assert answer["stop_reason"] in {"stop", "length"}
    assert answer["prompt_token_count"] > 0
    return answer["generation"], answer["generation_token_count"]


def llama_pieces(pieces):
    assert [piece["stop_reason"] for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1]["stop_reason"] in {"stop", "length"}
    return "".join(piece["generation"] for piece in pieces), pieces[-1]["generation_token_count"]


def mistral_body(prompt):
    return {"prompt": f"<s>[INST] {prompt} [/INST]", "max_tokens": TOKENS}


def mistral_tokens(answer):
    [output] = answer["outputs"]
    assert output["stop_reason"] in {"stop", "length"}
    return output["text"], None


def mistral_pieces(pieces):
    assert pieces[-1]["outputs"][0]["stop_reason"] in {"stop", "length"}
    return "".join(piece["outputs"][0]["text"] for piece in pieces), None


# family, model, the request, and how to read an answer and a stream
FAMILIES = [
    ("Nova", "amazon.nova-micro-v1:0", nova_body, nova_tokens, nova_pieces),
    ("Titan Text", "amazon.titan-text-lite-v1", titan_body, titan_tokens, titan_pieces),
    ("Llama", "meta.llama3-1-8b-instruct-v1:0", llama_body, llama_tokens, llama_pieces),
    ("Mistral", "mistral.mistral-7b-instruct-v0:2", mistral_body, mistral_tokens, mistral_pieces),
]


def fill(conformance, family, variant, counted):
    conformance("boto3", f"InvokeModel, {family}", variant)
    if counted:
        conformance("boto3", f"InvokeModel, {family}", "usage")


@pytest.mark.parametrize(("family", "model", "body", "read", "_"), FAMILIES)
def test_whole(client, conformance, family, model, body, read, _):
    fill(conformance, family, "plain", family != "Mistral")
    nonce = nonce_of(f"family-{family}")
    answer = client.invoke_model(modelId=model, body=json.dumps(body(f"{nonce}\nSay something.")))
    text, counted = read(json.loads(answer["body"].read()))
    tokens = whole_tokens(nonce, text)
    assert 0 < tokens <= TOKENS
    assert counted in {tokens, None}
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert int(headers["x-amzn-bedrock-output-token-count"]) == tokens


@pytest.mark.parametrize(("family", "model", "body", "_", "read"), FAMILIES)
def test_streamed(client, conformance, family, model, body, _, read):
    fill(conformance, family, "stream", family != "Mistral")
    nonce = nonce_of(f"family-stream-{family}")
    request = json.dumps(body(f"{nonce}\nSay something."))
    answer = client.invoke_model_with_response_stream(modelId=model, body=request)
    pieces = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    text, counted = read(pieces)
    tokens = whole_tokens(nonce, text)
    assert counted in {tokens, None}
    metrics = [piece for piece in pieces if "amazon-bedrock-invocationMetrics" in piece]
    assert metrics == [pieces[-1]]
    assert metrics[0]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] == tokens


@pytest.mark.conformance("boto3", "InvokeModel, Cohere embeddings", "plain")
@pytest.mark.parametrize("types", [None, ["float", "int8"]])
def test_cohere_embeddings(client, types):
    body = {"texts": ["one text", "another text"], "input_type": "search_document"}
    body |= {"embedding_types": types} if types else {}
    answer = client.invoke_model(modelId="cohere.embed-english-v3", body=json.dumps(body))
    embedded = json.loads(answer["body"].read())
    assert embedded["response_type"] == ("embeddings_by_type" if types else "embeddings_floats")
    by_type = embedded["embeddings"] if types else {"float": embedded["embeddings"]}
    assert set(by_type) == set(types or ["float"])
    for vectors in by_type.values():
        assert [len(vector) for vector in vectors] == [1024, 1024]
        assert vectors[0] != vectors[1]


@pytest.mark.conformance("boto3", "inference profiles", "list")
def test_inference_profiles(bedrock_mock):
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    client = boto3.client("bedrock", region_name=REGION, endpoint_url=bedrock_mock.url, **keys)
    summaries = client.list_inference_profiles()["inferenceProfileSummaries"]
    assert {summary["status"] for summary in summaries} == {"ACTIVE"}
    one = client.get_inference_profile(inferenceProfileIdentifier=summaries[0]["inferenceProfileId"])
    assert one["inferenceProfileArn"] == summaries[0]["inferenceProfileArn"]
    assert one["models"]
    client.close()


@pytest.mark.conformance("boto3", "ApplyGuardrail", "plain")
def test_apply_guardrail(client):
    answer = client.apply_guardrail(
        guardrailIdentifier="gr0000000001",
        guardrailVersion="DRAFT",
        source="INPUT",
        content=[{"text": {"text": "an ordinary question"}}],
    )
    assert answer["action"] == "NONE"
    assert set(answer["usage"]) >= {"topicPolicyUnits", "contentPolicyUnits", "wordPolicyUnits"}
    assert answer["outputs"] == []


@pytest.mark.conformance("boto3", "Converse", "plain")
def test_converse_with_another_family(client):
    nonce = nonce_of("family-converse")
    config = {"maxTokens": TOKENS}
    answer = client.converse(modelId="amazon.nova-micro-v1:0", messages=messages(nonce), inferenceConfig=config)
    tokens = whole_tokens(nonce, answer["output"]["message"]["content"][0]["text"])
    assert answer["usage"]["outputTokens"] == tokens
    assert CLAUDE not in str(answer)


GUARDRAIL = {"guardrailIdentifier": "gr0000000001", "guardrailVersion": "DRAFT", "trace": "ENABLED"}


@pytest.mark.parametrize("word", ["blockme", "blockanswer"])
@pytest.mark.parametrize(("family", "model", "body", "read", "_"), FAMILIES)
def test_a_guardrail_replaces_an_answer(client, family, model, body, read, _, word):
    request = json.dumps(body(f"{nonce_of(f'guarded-{family}')}\nPlease {word}."))
    answer = json.loads(
        client.invoke_model(modelId=model, body=request, contentType="application/json", **GUARDRAIL)["body"].read()
    )
    assert "Sorry, the model cannot answer this question." in json.dumps(answer)
    assert answer["amazon-bedrock-guardrailAction"] == "INTERVENED"
    found = answer["amazon-bedrock-trace"]["guardrail"]
    assert ("wordPolicy" in found["input"]["gr0000000001"]) == (word == "blockme")
    assert bool(found.get("outputs")) == (word == "blockanswer")


def test_a_guardrail_reads_a_stream(client):
    body = json.dumps(llama_body(f"{nonce_of('guarded-stream')}\nPlease blockme."))
    answer = client.invoke_model_with_response_stream(
        modelId="meta.llama3-1-8b-instruct-v1:0", body=body, **GUARDRAIL
    )
    pieces = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    assert "".join(piece["generation"] for piece in pieces) == "Sorry, the model cannot answer this question."
    assert pieces[-1]["amazon-bedrock-guardrailAction"] == "INTERVENED"


def test_a_guardrail_without_a_version_is_refused(client):
    with pytest.raises(client.exceptions.ValidationException):
        client.invoke_model(modelId=CLAUDE, body=claude_body("x"), guardrailIdentifier="gr0000000001")


def test_cohere_calls_a_tool(client):
    tool = {
        "name": "get_weather",
        "description": "Tells the weather.",
        "parameter_definitions": {"city": {"description": "Where", "type": "str", "required": True}},
    }
    asked = {"message": f"{nonce_of('cohere-tool')}\nWeather?", "tools": [tool]}
    model = "cohere.command-r-v1:0"
    answer = json.loads(client.invoke_model(modelId=model, body=json.dumps(asked))["body"].read())
    [call] = answer["tool_calls"][:1]
    assert call["name"] == "get_weather" and isinstance(call["parameters"]["city"], str)
    results = [{"call": call, "outputs": [{"degrees": 21}]}]
    asked |= {"chat_history": answer["chat_history"], "tool_results": results}
    stream = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(asked))["body"]
    kinds = {json.loads(event["chunk"]["bytes"])["event_type"] for event in stream}
    assert kinds == {"stream-start", "text-generation", "stream-end"}


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json; charset=utf-8"])
def test_no_other_type_than_json_is_taken(client, kind):
    with pytest.raises(client.exceptions.ValidationException) as refused:
        client.invoke_model(modelId=CLAUDE, body=claude_body("x"), contentType=kind)
    message = refused.value.response["Error"]["Message"]
    assert message == "The provided Content Type is invalid or not supported for this model"
