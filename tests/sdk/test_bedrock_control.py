"""boto3's control plane at the same address: models, inference profiles; and guardrails by themselves."""

import pytest

from support.bedrock import CLAUDE, client_of


@pytest.fixture
def control(bedrock_proxy):
    client = client_of(bedrock_proxy.url, service="bedrock")
    yield client
    client.close()


@pytest.fixture
def runtime(bedrock_proxy):
    client = client_of(bedrock_proxy.url)
    yield client
    client.close()


@pytest.mark.conformance("boto3", "ListFoundationModels", "plain")
def test_models_are_listed_and_described(control):
    models = control.list_foundation_models()["modelSummaries"]
    ids = [model["modelId"] for model in models]
    assert CLAUDE in ids and len(ids) == len(set(ids))
    for model in models:
        assert model["modelArn"] == f"arn:aws:bedrock:us-east-1::foundation-model/{model['modelId']}"
        assert model["modelLifecycle"]["status"] == "ACTIVE"
    vectors = control.list_foundation_models(byOutputModality="EMBEDDING")["modelSummaries"]
    assert vectors and all(model["outputModalities"] == ["EMBEDDING"] for model in vectors)
    assert control.list_foundation_models(byCustomizationType="FINE_TUNING")["modelSummaries"] == []
    details = control.get_foundation_model(modelIdentifier=CLAUDE)["modelDetails"]
    assert details == next(model for model in models if model["modelId"] == CLAUDE)


def test_an_unknown_model_is_not_described(control):
    with pytest.raises(control.exceptions.ValidationException) as refused:
        control.get_foundation_model(modelIdentifier="no.such-model")
    assert refused.value.response["Error"]["Message"] == "The provided model identifier is invalid."


def test_inference_profiles_are_listed_page_by_page(control):
    pages = control.get_paginator("list_inference_profiles").paginate(
        typeEquals="SYSTEM_DEFINED", PaginationConfig={"PageSize": 5}
    )
    profiles = [profile for page in pages for profile in page["inferenceProfileSummaries"]]
    assert len(profiles) > 5
    assert all(profile["inferenceProfileId"].split(".")[0] in {"us", "global"} for profile in profiles)
    one = control.get_inference_profile(inferenceProfileIdentifier=profiles[0]["inferenceProfileArn"])
    assert {key: one[key] for key in profiles[0]} == profiles[0]
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_inference_profile(inferenceProfileIdentifier="us.nothing")


@pytest.mark.parametrize(
    ("text", "action", "outputs"),
    [
        ("All is well.", "NONE", []),
        ("Please blockme.", "GUARDRAIL_INTERVENED", ["Sorry, the model cannot answer this question."]),
        ("Write to a@example.org.", "GUARDRAIL_INTERVENED", ["Write to {EMAIL}."]),
    ],
)
def test_a_guardrail_is_applied(runtime, text, action, outputs):
    answer = runtime.apply_guardrail(
        guardrailIdentifier="abc123", guardrailVersion="1", source="INPUT", content=[{"text": {"text": text}}]
    )
    assert answer["action"] == action
    assert [output["text"] for output in answer["outputs"]] == outputs
    assert answer["guardrailCoverage"]["textCharacters"]["total"] == len(text)
    assert answer["usage"]["wordPolicyUnits"] == 1
