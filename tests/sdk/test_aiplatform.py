"""google-cloud-aiplatform against the mock: the generated clients of both versions, and what is left of `vertexai`.

All over REST, which the clients take when asked; gRPC needs TLS, and the mock does not speak it. Streams are JSON
arrays here, and enums are numbers: the clients ask with `$alt=json;enum-encoding=int`.
"""

import types

import google.api_core.exceptions as raised_by_google
import google.oauth2.credentials
import pytest
import requests
import vertexai
from google.cloud import aiplatform, aiplatform_v1, aiplatform_v1beta1
from google.protobuf import json_format
from vertexai.generative_models import FunctionDeclaration, GenerationConfig, GenerativeModel, Tool
from vertexai.language_models import TextEmbeddingModel

from support.nonce import nonce_of, whole_tokens
from support.vertex import GEMINI, LOCATION, MAX_TOKENS, PROJECT, prompt

COLUMN = "google-cloud-aiplatform"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
MODEL = f"{PARENT}/publishers/google/models/{GEMINI}"
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
}
VERSIONS = {"v1": aiplatform_v1, "v1beta1": aiplatform_v1beta1}


def credentials(url):
    """A user's credentials, good for a refresh at the mock: the clients refresh once they are refused."""
    return google.oauth2.credentials.Credentials(
        "ya29.any", refresh_token="r", token_uri=f"{url}/token", client_id="c", client_secret="s"
    )


def client_of(part, module, service="PredictionService"):
    """A generated client, pointed at the mock."""
    transport = {
        "PredictionService": "prediction_service",
        "LlmUtilityService": "llm_utility_service",
    }[service]
    transports = getattr(module.services, transport).transports
    rest = getattr(transports, f"{service}RestTransport")
    channel = rest(host=part.address, url_scheme="http", credentials=credentials(part.url))
    return getattr(module, f"{service}Client")(transport=channel)


@pytest.fixture(params=VERSIONS)
def version(request):
    return VERSIONS[request.param]


def request_of(module, nonce, **more):
    content = {"role": "user", "parts": [{"text": prompt(nonce)}]}
    config = {"max_output_tokens": MAX_TOKENS}
    return module.GenerateContentRequest(model=MODEL, contents=[content], generation_config=config, **more)


def text_of(answers):
    parts = [part for answer in answers for candidate in answer.candidates for part in candidate.content.parts]
    return "".join(part.text for part in parts)


def check_usage(usage, tokens):
    assert usage.candidates_token_count == tokens
    assert usage.prompt_token_count > 0
    assert usage.total_token_count == usage.prompt_token_count + tokens


# --- The generated clients ---------------------------------------------------------------------------------


@pytest.mark.conformance(COLUMN, "generateContent", "plain")
@pytest.mark.conformance(COLUMN, "generateContent", "usage")
def test_generate_content(vertex_mock, version):
    nonce = nonce_of(f"gapic-{version.__name__}")
    answer = client_of(vertex_mock, version).generate_content(request_of(version, nonce))
    tokens = whole_tokens(nonce, text_of([answer]))
    assert 0 < tokens <= MAX_TOKENS
    assert answer.candidates[0].finish_reason.name in {"STOP", "MAX_TOKENS"}
    assert answer.model_version == GEMINI
    check_usage(answer.usage_metadata, tokens)


@pytest.mark.conformance(COLUMN, "generateContent", "stream")
@pytest.mark.conformance(COLUMN, "generateContent", "usage")
def test_stream_generate_content(vertex_mock, version):
    nonce = nonce_of(f"gapic-stream-{version.__name__}")
    chunks = list(client_of(vertex_mock, version).stream_generate_content(request_of(version, nonce)))
    assert len(chunks) >= 4
    check_usage(chunks[-1].usage_metadata, whole_tokens(nonce, text_of(chunks)))
    reasons = [chunk.candidates[0].finish_reason.name for chunk in chunks]
    assert set(reasons[:-1]) == {"FINISH_REASON_UNSPECIFIED"}
    assert reasons[-1] in {"STOP", "MAX_TOKENS"}
    assert len({chunk.response_id for chunk in chunks}) == 1


def tool_of(module):
    schema = json_format.ParseDict(
        {
            "type": "OBJECT",
            "properties": {
                "city": {"type": "STRING"},
                "unit": {"type": "STRING", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "unit"],
        },
        module.Schema.pb(module.Schema()),
    )
    function = module.FunctionDeclaration(name="weather", description="The weather.", parameters=module.Schema(schema))
    return module.Tool(function_declarations=[function])


def check_function_calls(answers):
    parts = [part for answer in answers for candidate in answer.candidates for part in candidate.content.parts]
    calls = [part.function_call for part in parts if part.function_call.name]
    assert calls
    for call in calls:
        assert call.name == "weather"
        arguments = dict(call.args)
        assert isinstance(arguments["city"], str)
        assert arguments["unit"] in {"celsius", "fahrenheit"}
    assert answers[-1].candidates[0].finish_reason.name == "STOP"


@pytest.mark.conformance(COLUMN, "generateContent", "tool")
def test_a_function_is_called(vertex_mock, version):
    asked = request_of(version, nonce_of("gapic-tool"), tools=[tool_of(version)])
    asked.generation_config.max_output_tokens = 400
    check_function_calls([client_of(vertex_mock, version).generate_content(asked)])


@pytest.mark.conformance(COLUMN, "generateContent", "stream tool")
def test_a_function_is_called_in_a_stream(vertex_mock, version):
    asked = request_of(version, nonce_of("gapic-stream-tool"), tools=[tool_of(version)])
    asked.generation_config.max_output_tokens = 400
    check_function_calls(list(client_of(vertex_mock, version).stream_generate_content(asked)))


@pytest.mark.conformance(COLUMN, "generateContent", "count")
def test_count_tokens(vertex_mock, version):
    nonce = nonce_of("gapic-count")
    request = {"endpoint": MODEL, "model": MODEL, "contents": [{"role": "user", "parts": [{"text": prompt(nonce)}]}]}
    service = "LlmUtilityService" if version is aiplatform_v1 else "PredictionService"
    counted = client_of(vertex_mock, version, service).count_tokens(request)
    answer = client_of(vertex_mock, version).generate_content(request_of(version, nonce))
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count > 0


@pytest.mark.conformance(COLUMN, "predict, embeddings", "plain")
@pytest.mark.conformance(COLUMN, "predict, embeddings", "usage")
def test_predict_embeddings(vertex_mock, version):
    endpoint = f"{PARENT}/publishers/google/models/text-embedding-005"
    instances = [{"content": "one text", "task_type": "RETRIEVAL_QUERY"}, {"content": "another text"}]
    answer = client_of(vertex_mock, version).predict(
        endpoint=endpoint, instances=instances, parameters={"outputDimensionality": 256}
    )
    embeddings = [prediction["embeddings"] for prediction in answer.predictions]
    assert [len(embedding["values"]) for embedding in embeddings] == [256, 256]
    assert embeddings[0]["values"] != embeddings[1]["values"]
    assert all(embedding["statistics"]["token_count"] > 0 for embedding in embeddings)


@pytest.mark.conformance(COLUMN, "embedContent", "plain")
@pytest.mark.conformance(COLUMN, "embedContent", "usage")
def test_embed_content(vertex_mock, version):
    answer = client_of(vertex_mock, version).embed_content(
        model=f"{PARENT}/publishers/google/models/gemini-embedding-2", content={"parts": [{"text": "A text."}]}
    )
    assert len(answer.embedding.values) == 3072
    assert answer.usage_metadata.prompt_token_count > 0


# --- The classes above them --------------------------------------------------------------------------------


@pytest.fixture
def vertex(vertex_mock):
    """`vertexai.init` for the mock, and back."""
    vertexai.init(
        project=PROJECT,
        location=LOCATION,
        api_endpoint=vertex_mock.url,
        api_transport="rest",
        credentials=credentials(vertex_mock.url),
    )
    yield vertex_mock
    aiplatform.initializer.global_config.__init__()


CONFIG = GenerationConfig(max_output_tokens=MAX_TOKENS)


@pytest.mark.conformance(COLUMN, "generateContent", "plain")
@pytest.mark.usefixtures("vertex")
def test_generative_model():
    nonce = nonce_of("generative-model")
    answer = GenerativeModel(GEMINI).generate_content(prompt(nonce), generation_config=CONFIG)
    check_usage(answer.usage_metadata, whole_tokens(nonce, answer.text))


@pytest.mark.conformance(COLUMN, "generateContent", "stream")
@pytest.mark.usefixtures("vertex")
def test_generative_model_streams():
    nonce = nonce_of("generative-model-stream")
    chunks = list(GenerativeModel(GEMINI).generate_content(prompt(nonce), generation_config=CONFIG, stream=True))
    assert len(chunks) >= 4
    check_usage(chunks[-1].usage_metadata, whole_tokens(nonce, "".join(chunk.text for chunk in chunks)))


@pytest.mark.conformance(COLUMN, "generateContent", "count")
@pytest.mark.usefixtures("vertex")
def test_generative_model_counts():
    assert GenerativeModel(GEMINI).count_tokens("some text").total_tokens > 0


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(False, marks=pytest.mark.conformance(COLUMN, "generateContent", "tool")),
        pytest.param(True, marks=pytest.mark.conformance(COLUMN, "generateContent", "stream tool")),
    ],
)
@pytest.mark.usefixtures("vertex")
def test_generative_model_calls_a_function(stream):
    function = FunctionDeclaration(name="weather", description="The weather.", parameters=WEATHER)
    model = GenerativeModel(GEMINI, tools=[Tool([function])])
    answer = model.generate_content(prompt(nonce_of("generative-model-tool")), stream=stream)
    answers = list(answer) if stream else [answer]
    calls = [call for answer in answers for candidate in answer.candidates for call in candidate.function_calls]
    assert calls
    assert {call.name for call in calls} == {"weather"}
    assert all(set(call.args) <= {"city", "unit"} and call.args["unit"] for call in calls)


@pytest.mark.conformance(COLUMN, "predict, embeddings", "plain")
@pytest.mark.usefixtures("vertex")
def test_text_embedding_model():
    # `from_pretrained` would ask the list of models; a model by its name is one call.
    model = TextEmbeddingModel.from_pretrained("text-embedding-005")
    [embedding] = model.get_embeddings(["A text."])
    assert len(embedding.values) == 768
    assert embedding.statistics.token_count > 0


# --- Errors ------------------------------------------------------------------------------------------------

# fault, code, status, the class by its HTTP status (the classes of gRPC's codes are relatives, and not raised here)
ERRORS = [
    ("invalid-argument", 400, "INVALID_ARGUMENT", "BadRequest"),
    ("access-token-expired", 401, "UNAUTHENTICATED", "Unauthorized"),
    ("permission-denied", 403, "PERMISSION_DENIED", "Forbidden"),
    ("model-not-found", 404, "NOT_FOUND", "NotFound"),
    ("resource-exhausted", 429, "RESOURCE_EXHAUSTED", "TooManyRequests"),
    ("cancelled", 499, "CANCELLED", "Cancelled"),
    ("internal", 500, "INTERNAL", "InternalServerError"),
    ("unknown", 500, "UNKNOWN", "InternalServerError"),
    ("unavailable", 503, "UNAVAILABLE", "ServiceUnavailable"),
    ("deadline-exceeded", 504, "DEADLINE_EXCEEDED", "GatewayTimeout"),
]


def with_fault(fault):
    return [("x-brownout-fault", fault)]


@pytest.mark.conformance(COLUMN, error="{status}", raises="{kind}")
@pytest.mark.parametrize(("fault", "code", "status", "kind"), ERRORS)
@pytest.mark.parametrize("call", ["generate_content", "stream_generate_content"])
def test_errors(vertex_mock, version, call, fault, code, status, kind):
    client = client_of(vertex_mock, version)
    request = request_of(version, nonce_of(fault))
    with pytest.raises(raised_by_google.GoogleAPICallError) as raised:
        answer = getattr(client, call)(request, metadata=with_fault(f"error={fault}"))
        if isinstance(answer, types.GeneratorType):
            list(answer)
    assert type(raised.value) is getattr(raised_by_google, kind)
    assert raised.value.code == code
    assert raised.value.message


@pytest.mark.parametrize("error", ["resource-exhausted", "internal", "unavailable"])
def test_an_error_in_a_stream_is_dropped_without_a_word(vertex_mock, version, error):
    """The last element of the array is read as a chunk, and nothing in it is known."""
    request = request_of(version, nonce_of(error))
    fault = with_fault(f"in_band_error={error}:3 events")
    chunks = list(client_of(vertex_mock, version).stream_generate_content(request, metadata=fault))
    assert len(chunks) == 4
    assert not chunks[-1].candidates
    assert all(chunk.candidates[0].finish_reason == 0 for chunk in chunks[:-1])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset-before-headers", requests.exceptions.ConnectionError),
        ("stream-truncate-boundary", requests.exceptions.ChunkedEncodingError),
        ("stream-truncate-mid-event", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_broken_streams(vertex_mock, version, fault, error):
    client = client_of(vertex_mock, version)
    with pytest.raises(error):
        list(client.stream_generate_content(request_of(version, nonce_of(fault)), metadata=with_fault(fault)))
