"""boto3's control plane at the same address: models, inference profiles; guardrails and films by themselves."""

import uuid

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


FILM = {
    "modelId": "amazon.nova-reel-v1:1",
    "modelInput": {"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": "waves"}},
    "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://films/here"}},
}


def test_a_film_is_started_found_and_listed(runtime):
    token = f"film-{uuid.uuid4()}"
    arn = runtime.start_async_invoke(clientRequestToken=token, **FILM)["invocationArn"]
    assert runtime.start_async_invoke(clientRequestToken=token, **FILM)["invocationArn"] == arn
    film = runtime.get_async_invoke(invocationArn=arn)
    assert (film["status"], film["clientRequestToken"]) == ("InProgress", token)
    assert film["submitTime"].tzinfo is not None
    assert film["modelArn"].endswith("::foundation-model/amazon.nova-reel-v1:1")
    assert film["outputDataConfig"] == FILM["outputDataConfig"]
    pages = runtime.get_paginator("list_async_invokes").paginate(
        statusEquals="InProgress", sortOrder="Descending", PaginationConfig={"PageSize": 1}
    )
    assert arn in [summary["invocationArn"] for page in pages for summary in page["asyncInvokeSummaries"]]


def test_a_film_that_cannot_be_made_is_refused(runtime):
    token = f"film-{uuid.uuid4()}"
    runtime.start_async_invoke(clientRequestToken=token, **FILM)
    with pytest.raises(runtime.exceptions.ConflictException):
        other = FILM | {"modelInput": {"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": "hills"}}}
        runtime.start_async_invoke(clientRequestToken=token, **other)
    with pytest.raises(runtime.exceptions.ValidationException):
        runtime.start_async_invoke(**FILM | {"modelId": CLAUDE})
    with pytest.raises(runtime.exceptions.ValidationException):
        runtime.get_async_invoke(invocationArn="arn:aws:bedrock:us-east-1:123456789012:async-invoke/nothing")
