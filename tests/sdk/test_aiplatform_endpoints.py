"""google-cloud-aiplatform at the endpoints of a project: predictions, tensors, raw bodies, lists, and what is not served."""

import json

import google.api_core.exceptions as raised_by_google
import google.auth.transport.requests
import grpc
import openai
import pytest
import requests
from google.api import httpbody_pb2
from google.cloud import aiplatform, aiplatform_v1, aiplatform_v1beta1
from google.cloud.aiplatform import _streaming_prediction
from google.cloud.aiplatform_v1.services.prediction_service.transports import PredictionServiceGrpcTransport

from support.nonce import nonce_of, whole_tokens
from support.vertex import LOCATION, PROJECT, client_of, options_of, prompt
from test_aiplatform import COLUMN, PARENT, VERSIONS, credentials, request_of
from test_aiplatform import vertex as vertex  # noqa: PLC0414 a fixture

ENDPOINT = f"{PARENT}/endpoints/77"
DEPLOYED = "6180786943526862848"
NOT_EXPLAINED = f"Deployed model {DEPLOYED} does not support explanation."


@pytest.fixture(params=VERSIONS)
def version(request):
    return VERSIONS[request.param]


def generated(part, module, service="PredictionServiceClient"):
    """A generated client as its users make one over REST."""
    return getattr(module, service)(
        transport="rest", credentials=credentials(part.url), client_options={"api_endpoint": part.url}
    )


# --- The generated clients ---------------------------------------------------------------------------------


@pytest.mark.conformance(COLUMN, "endpoints, predict", "plain")
def test_predict(vertex_mock, version):
    answer = generated(vertex_mock, version).predict(endpoint=ENDPOINT, instances=[{"a": 1}, "text"])
    assert len(answer.predictions) == 2
    assert all(isinstance(prediction, str) and prediction for prediction in answer.predictions)
    assert answer.deployed_model_id == DEPLOYED
    assert answer.model.startswith(f"{PARENT}/models/")


@pytest.mark.conformance(COLUMN, "endpoints, predict", "stream")
def test_server_streaming_predict(vertex_mock, version):
    nonce = nonce_of(f"tensors-{version.__name__}")
    text = version.Tensor(string_val=[prompt(nonce)])
    request = version.StreamingPredictRequest(
        endpoint=ENDPOINT,
        inputs=[version.Tensor(struct_val={"prompt": text})],
        parameters=version.Tensor(struct_val={"maxOutputTokens": version.Tensor(int_val=[24])}),
    )
    messages = list(generated(vertex_mock, version).server_streaming_predict(request))
    assert len(messages) >= 4
    pieces = [message.outputs[0].struct_val["content"].string_val[0] for message in messages]
    assert 0 < whole_tokens(nonce, "".join(pieces)) <= 24


@pytest.mark.conformance(COLUMN, "endpoints, predict", "stream")
def test_the_package_streams_dicts(vertex_mock):
    nonce = nonce_of("tensors-of-dicts")
    pieces = list(
        _streaming_prediction.predict_stream_of_dicts_from_single_dict(
            prediction_service_client=generated(vertex_mock, aiplatform_v1),
            endpoint_name=ENDPOINT,
            instance={"content": prompt(nonce)},
            parameters={"maxOutputTokens": 24, "temperature": 0.5},
        )
    )
    assert 0 < whole_tokens(nonce, "".join(piece["content"] for piece in pieces)) <= 24
    assert {piece["safetyAttributes"]["blocked"] for piece in pieces} == {False}


def test_explain(vertex_mock, version):
    with pytest.raises(raised_by_google.BadRequest, match=NOT_EXPLAINED) as raised:
        generated(vertex_mock, version).explain(endpoint=ENDPOINT, instances=[{"a": 1}])
    assert raised.value.response.json()["error"]["status"] == "FAILED_PRECONDITION"


def test_raw_predict(vertex_mock):
    """Over REST the client sends its body within another, and drops any answer that is not such a one."""
    body = httpbody_pb2.HttpBody(content_type="application/json", data=b'{"instances":[{}]}')
    assert generated(vertex_mock, aiplatform_v1).raw_predict(endpoint=ENDPOINT, http_body=body) == httpbody_pb2.HttpBody()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("error=resource-exhausted", raised_by_google.TooManyRequests),
        ("error=unavailable", raised_by_google.ServiceUnavailable),
        ("error=permission-denied", raised_by_google.Forbidden),
    ],
)
@pytest.mark.parametrize("call", ["predict", "explain", "server_streaming_predict"])
def test_errors(vertex_mock, version, call, fault, kind):
    client = generated(vertex_mock, version)
    asked = {"endpoint": ENDPOINT, "instances": [{"a": 1}]}
    if "streaming" in call:
        asked = {"request": version.StreamingPredictRequest(endpoint=ENDPOINT, inputs=[version.Tensor(string_val=["x"])])}
    with pytest.raises(kind):
        answer = getattr(client, call)(**asked, metadata=[("x-brownout-fault", fault)])
        list(answer if "streaming" in call else [])


@pytest.mark.conformance(COLUMN, "publishers/google/models", "list")
def test_publisher_models_are_listed_page_by_page(vertex_mock):
    client = generated(vertex_mock, aiplatform_v1beta1, "ModelGardenServiceClient")
    request = aiplatform_v1beta1.ListPublisherModelsRequest(parent="publishers/google", page_size=3)
    pages = list(client.list_publisher_models(request).pages)
    names = [model.name for page in pages for model in page.publisher_models]
    assert len(pages) > 1
    assert len(set(names)) == len(names)
    assert "publishers/google/models/gemini-2.5-flash" in names
    full = aiplatform_v1beta1.PublisherModelView.PUBLISHER_MODEL_VIEW_FULL
    [one] = client.list_publisher_models(
        {"parent": "publishers/google", "filter": f'name="{names[0]}"', "view": full, "list_all_versions": True}
    )
    assert one.name == names[0]
    with pytest.raises(raised_by_google.BadRequest, match="Invalid page token"):
        client.list_publisher_models({"parent": "publishers/google", "page_token": "2"})


@pytest.mark.conformance("google-genai", "endpoints, models", "list")
def test_tuned_models_are_listed(vertex_mock):
    with client_of(options_of(vertex_mock.url)) as client:
        [model] = client.models.list(config={"query_base": False})
        assert model.name.startswith(f"{PARENT}/models/")


# --- The classes above them --------------------------------------------------------------------------------


class ToMock(requests.adapters.HTTPAdapter):
    """Takes what is sent to Google's host to the mock."""

    def __init__(self, url):
        super().__init__()
        self.url = url

    def send(self, request, **options):
        request.url = self.url + request.path_url
        return super().send(request, **options)


@pytest.fixture
def endpoint(vertex):
    """The endpoint that is listed. Raw bodies go by a session of their own, to a host that cannot be set."""
    [endpoint] = aiplatform.Endpoint.list()
    session = google.auth.transport.requests.AuthorizedSession(credentials(vertex.url))
    session.mount(f"https://{LOCATION}-aiplatform.googleapis.com", ToMock(vertex.url))
    endpoint.authorized_session = session
    return endpoint


@pytest.mark.conformance(COLUMN, "endpoints, models", "list")
def test_endpoints_and_models_are_listed(endpoint):
    [model] = aiplatform.Model.list()
    assert endpoint.gca_resource.deployed_models[0].model == model.resource_name
    assert endpoint.traffic_split == {DEPLOYED: 100}
    assert model.gca_resource.deployed_models[0].endpoint == endpoint.resource_name
    assert aiplatform.Model.list(filter='display_name="another"') == []
    assert aiplatform.Endpoint.list(filter="labels.none:*") == []


@pytest.mark.conformance(COLUMN, "endpoints, predict", "plain")
@pytest.mark.parametrize("use_raw_predict", [False, True])
def test_an_endpoint_predicts(endpoint, use_raw_predict):
    answer = endpoint.predict(instances=[{"a": 1}, {"a": 2}], use_raw_predict=use_raw_predict)
    assert len(answer.predictions) == 2
    assert (answer.deployed_model_id, answer.model_version_id) == (DEPLOYED, "1")
    assert answer.model_resource_name.startswith(f"{PARENT}/models/")


@pytest.mark.conformance(COLUMN, "endpoints, rawPredict", "plain")
def test_an_endpoint_hands_a_raw_body_on(endpoint):
    nonce = nonce_of("raw-predict")
    body = {"messages": [{"role": "user", "content": prompt(nonce)}], "max_tokens": 24}
    answer = endpoint.raw_predict(json.dumps(body).encode(), {"content-type": "application/json"})
    assert answer.headers["X-Vertex-AI-Deployed-Model-Id"] == DEPLOYED
    assert answer.headers["X-Vertex-AI-Endpoint-Id"] == endpoint.name
    answer = answer.json()
    assert whole_tokens(nonce, answer["choices"][0]["message"]["content"]) == answer["usage"]["completion_tokens"]


@pytest.mark.conformance(COLUMN, "endpoints, rawPredict", "stream")
def test_an_endpoint_streams_a_raw_body(endpoint):
    nonce = nonce_of("stream-raw-predict")
    headers = {"content-type": "application/json"}
    body = {"messages": [{"role": "user", "content": prompt(nonce)}], "max_tokens": 24}
    lines = [line.decode() for line in endpoint.stream_raw_predict(json.dumps(body).encode(), headers) if line]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line != "data: [DONE]"]
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert whole_tokens(nonce, text) == chunks[-1]["usage"]["completion_tokens"]
    assert lines[-1] == "data: [DONE]"
    lines = [line.decode() for line in endpoint.stream_raw_predict(b'{"instances":[{"a":1}]}', headers) if line]
    instances = [json.loads(line.removeprefix("data: ")) for line in lines if line != "data: [DONE]"]
    whole = endpoint.predict(instances=[{"a": 1}]).predictions[0]
    assert sum(line["predictions"][0].count(".") for line in instances) == whole.count(".")


def test_an_endpoint_explains_nothing(endpoint):
    with pytest.raises(raised_by_google.BadRequest, match=NOT_EXPLAINED):
        endpoint.explain(instances=[{"a": 1}])


@pytest.mark.parametrize("stream", [False, True])
def test_the_openai_package_chats_with_a_deployed_model(vertex_mock, stream):
    nonce = nonce_of(f"deployed-chat-{stream}")
    with openai.OpenAI(base_url=f"{vertex_mock.url}/v1beta1/{ENDPOINT}", api_key="ya29.any", max_retries=0) as client:
        answer = client.chat.completions.create(
            model="", messages=[{"role": "user", "content": prompt(nonce)}], max_tokens=24, stream=stream
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer) if stream else None
        assert 0 < whole_tokens(nonce, text or answer.choices[0].message.content) <= 24


# --- What is not served ------------------------------------------------------------------------------------


def test_grpc_is_refused_in_its_own_words(vertex_mock):
    """The transport that the clients take by default."""
    with grpc.insecure_channel(vertex_mock.address) as channel:
        client = aiplatform_v1.PredictionServiceClient(transport=PredictionServiceGrpcTransport(channel=channel))
        with pytest.raises(raised_by_google.MethodNotImplemented, match="Use the REST transport"):
            client.generate_content(request_of(aiplatform_v1, nonce_of("grpc")), timeout=10)


def test_films_are_not_made(vertex_mock):
    with client_of(options_of(vertex_mock.url)) as client, pytest.raises(Exception, match="UNIMPLEMENTED") as raised:
        client.models.generate_videos(model="veo-3.1-generate-001", prompt="a river")
    assert raised.value.code == 501
