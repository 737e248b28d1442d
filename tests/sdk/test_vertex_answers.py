"""google-genai against the mock through the proxy, without faults."""

import asyncio

import pytest

from support.calls import succeeded
from support.nonce import nonce_of
from support.vertex import FORMS, GEMINI, client_of, options_of, prompt, run


@pytest.fixture
def client(vertex_proxy):
    with client_of(options_of(vertex_proxy.url)) as client:
        yield client


def form_of(name):
    """A form of the call, with the cell that it fills."""
    variant = "stream" if name.endswith("stream") else "plain"
    return pytest.param(name, marks=pytest.mark.conformance("google-genai", "generateContent", variant))


@pytest.mark.conformance("google-genai", "generateContent", "usage")
@pytest.mark.parametrize("form", [form_of(name) for name in FORMS])
def test_generate_content(vertex_proxy, calls, form):
    call = run(vertex_proxy, calls, f"vertex-{form}", form)
    tokens = succeeded(call)
    last = call.events[-1]
    assert last.candidates[0].finish_reason.value in {"STOP", "MAX_TOKENS"}
    assert last.model_version == GEMINI
    usage = last.usage_metadata
    assert usage.candidates_token_count == tokens
    assert usage.prompt_token_count > 0
    assert usage.total_token_count == usage.prompt_token_count + tokens
    assert usage.traffic_type.value == "ON_DEMAND"
    if not call.streamed:
        assert len(call.events) == 1
        return
    assert len(call.events) >= 4, "too few events for the stream faults of the other tests"
    assert len({event.response_id for event in call.events}) == 1
    for chunk in call.events[:-1]:
        assert chunk.candidates[0].finish_reason is None
        assert chunk.candidates[0].content.role == "model"
        assert chunk.usage_metadata is None or chunk.usage_metadata.total_token_count is None


@pytest.mark.conformance("google-genai", "generateContent", "count")
def test_count_tokens_counts_what_the_answer_is_billed_for(client):
    nonce = nonce_of("vertex-count")
    counted = client.models.count_tokens(model=GEMINI, contents=prompt(nonce))
    answer = client.models.generate_content(model=GEMINI, contents=prompt(nonce))
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count > 0


@pytest.mark.conformance("google-genai", "generateContent", "count")
def test_count_tokens_async(vertex_proxy):
    async def count():
        with client_of(options_of(vertex_proxy.url)) as client:
            async with client.aio as aio:
                return await aio.models.count_tokens(model=GEMINI, contents="some text")

    assert asyncio.run(count()).total_tokens > 0


# google-genai asks `:predict` for the first two and `:embedContent` for the last.
EMBEDDING_MODELS = [
    ("text-embedding-005", 768, "predict, embeddings"),
    ("gemini-embedding-001", 3072, "predict, embeddings"),
    ("gemini-embedding-2", 3072, "embedContent"),
]


@pytest.mark.conformance("google-genai", "{asked}", "plain")
@pytest.mark.parametrize(("model", "dimensions", "asked"), EMBEDDING_MODELS)
def test_embed_content(client, model, dimensions, asked, conformance):
    answer = client.models.embed_content(model=model, contents=f"{nonce_of('vertex-embed')}\nA text.")
    assert [len(embedding.values) for embedding in answer.embeddings] == [dimensions]
    conformance("google-genai", asked, "usage")
    statistics = answer.embeddings[0].statistics
    assert statistics.token_count > 0
    assert not statistics.truncated


@pytest.mark.parametrize("model", [model for model, *_ in EMBEDDING_MODELS])
def test_embed_content_of_fewer_dimensions(client, model):
    answer = client.models.embed_content(model=model, contents="A text.", config={"output_dimensionality": 256})
    assert len(answer.embeddings[0].values) == 256


def test_embed_content_async(vertex_proxy):
    async def embed():
        with client_of(options_of(vertex_proxy.url)) as client:
            async with client.aio as aio:
                return await aio.models.embed_content(model="text-embedding-005", contents="A text.")

    assert len(asyncio.run(embed()).embeddings[0].values) == 768


def test_a_batch_of_embeddings_keeps_its_order(client):
    texts = ["one text", "another text", "one text"]
    answer = client.models.embed_content(model="text-embedding-005", contents=texts)
    first, second, third = (embedding.values for embedding in answer.embeddings)
    assert first == third != second


@pytest.mark.conformance("google-genai", "publishers/google/models", "list")
def test_models_are_listed(client):
    names = [model.name for model in client.models.list(config={"query_base": True})]
    assert f"publishers/google/models/{GEMINI}" in names


def test_many_streams_at_once_do_not_mix(vertex_proxy, calls):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        streams = [pool.submit(run, vertex_proxy, calls, f"vertex-many-{n}", "stream") for n in range(24)]
        for stream in streams:
            succeeded(stream.result())
