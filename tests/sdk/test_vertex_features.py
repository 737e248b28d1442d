"""google-genai against the mock beyond plain text: functions, thinking, forms of answers, pictures, caches, blocks."""

import asyncio
import datetime
import enum
import struct
import zlib

import pytest
from google import genai
from google.genai import types
from google.genai.errors import ClientError
from pydantic import BaseModel

from support.nonce import nonce_of, whole_tokens
from support.vertex import GEMINI, LOCATION, PROJECT, access_token, prompt

COLUMN = "google-genai"
TIMEOUT_MS = 30_000
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="The weather of a place.",
            parameters=types.Schema(
                type="OBJECT",
                properties={
                    "city": types.Schema(type="STRING"),
                    "days": types.Schema(type="INTEGER"),
                    "unit": types.Schema(type="STRING", enum=["C", "F"]),
                },
                required=["city", "days", "unit"],
            ),
        )
    ]
)


@pytest.fixture
def client(vertex_mock):
    options = types.HttpOptions(base_url=vertex_mock.url, timeout=TIMEOUT_MS)
    with genai.Client(
        vertexai=True, project=PROJECT, location=LOCATION, credentials=access_token(), http_options=options
    ) as client:
        yield client


def calling(mode="AUTO", **more):
    config = types.FunctionCallingConfig(mode=mode, **more)
    return types.GenerateContentConfig(
        tools=[WEATHER],
        tool_config=types.ToolConfig(function_calling_config=config),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def check_call(call):
    assert call.name == "get_weather"
    assert isinstance(call.args["city"], str)
    assert call.args["days"] == int(call.args["days"])
    assert call.args["unit"] in {"C", "F"}


# --- Functions ---------------------------------------------------------------------------------------------


@pytest.mark.conformance(COLUMN, "generateContent", "tool")
@pytest.mark.parametrize("mode", ["AUTO", "ANY"])
def test_a_function_is_called_and_its_result_answered(client, mode):
    question = types.Content(role="user", parts=[types.Part(text=prompt(nonce_of(f"call-{mode}")))])
    first = client.models.generate_content(model=GEMINI, contents=[question], config=calling(mode))
    assert first.function_calls
    for call in first.function_calls:
        check_call(call)
    assert first.candidates[0].finish_reason.value == "STOP"
    results = [
        types.Part.from_function_response(name=call.name, response={"weather": "fair"})
        for call in first.function_calls
    ]
    turns = [question, first.candidates[0].content, types.Content(role="user", parts=results)]
    second = client.models.generate_content(model=GEMINI, contents=turns, config=calling())
    assert second.text
    assert not second.function_calls


def test_no_function_is_called_where_none_may_be(client):
    answer = client.models.generate_content(model=GEMINI, contents="x", config=calling("NONE"))
    assert answer.text
    assert not answer.function_calls


@pytest.mark.conformance(COLUMN, "generateContent", "stream tool")
def test_a_stream_brings_the_call_whole(client):
    contents = prompt(nonce_of("stream-call"))
    chunks = list(client.models.generate_content_stream(model=GEMINI, contents=contents, config=calling("ANY")))
    calls = [call for chunk in chunks for call in chunk.function_calls or []]
    assert calls
    for call in calls:
        check_call(call)
    assert chunks[-1].candidates[0].finish_reason.value == "STOP"


def test_a_stream_brings_arguments_in_pieces(client):
    config = calling("ANY", stream_function_call_arguments=True)
    chunks = list(client.models.generate_content_stream(model=GEMINI, contents="x", config=config))
    calls = [
        part.function_call
        for chunk in chunks
        for part in chunk.candidates[0].content.parts or []
        if part.function_call is not None
    ]
    assert calls[0].name == "get_weather"
    assert calls[0].will_continue
    built = {}
    for piece in [piece for call in calls for piece in call.partial_args or []]:
        name = piece.json_path.removeprefix("$.")
        if piece.string_value is not None:
            built[name] = built.get(name, "") + piece.string_value
        else:
            built[name] = piece.number_value
    assert built["unit"] in {"C", "F"}
    assert set(built) == {"city", "days", "unit"}


def test_python_functions_are_called_by_the_sdk_itself(client):
    asked = []

    def get_time(zone: str) -> str:
        """The time of a zone."""
        asked.append(zone)
        return "noon"

    config = types.GenerateContentConfig(tools=[get_time])
    answer = client.models.generate_content(model=GEMINI, contents="x", config=config)
    assert asked
    assert answer.text


def test_results_must_match_the_calls(client):
    call = types.Part(function_call=types.FunctionCall(name="get_weather", args={}))
    turns = [
        types.Content(role="user", parts=[types.Part(text="x")]),
        types.Content(role="model", parts=[call]),
        types.Content(role="user", parts=[types.Part(text="well?")]),
    ]
    with pytest.raises(ClientError) as raised:
        client.models.generate_content(model=GEMINI, contents=turns, config=calling())
    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")
    assert raised.value.message.startswith("Please ensure that the number of function response parts")


# --- Thinking ----------------------------------------------------------------------------------------------


def thinking(**config):
    return types.GenerateContentConfig(thinking_config=types.ThinkingConfig(**config))


def test_thoughts_come_first(client):
    nonce = nonce_of("thoughts")
    config = thinking(thinking_budget=64, include_thoughts=True)
    answer = client.models.generate_content(model=GEMINI, contents=prompt(nonce), config=config)
    thought, said = answer.candidates[0].content.parts
    assert thought.thought
    assert thought.text
    assert not said.thought
    assert said.thought_signature
    assert whole_tokens(nonce, answer.text) == answer.usage_metadata.candidates_token_count
    usage = answer.usage_metadata
    assert 0 < usage.thoughts_token_count <= 64
    assert usage.total_token_count == (
        usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )


def test_thoughts_are_streamed_before_the_answer(client):
    nonce = nonce_of("streamed-thoughts")
    config = thinking(thinking_budget=64, include_thoughts=True)
    parts = [
        part
        for chunk in client.models.generate_content_stream(model=GEMINI, contents=prompt(nonce), config=config)
        for part in chunk.candidates[0].content.parts
    ]
    kinds = [bool(part.thought) for part in parts]
    assert kinds == sorted(kinds, reverse=True)
    assert True in kinds
    assert whole_tokens(nonce, "".join(part.text for part in parts if not part.thought)) > 0


def test_hidden_thoughts_are_counted(client):
    answer = client.models.generate_content(model=GEMINI, contents="x", config=thinking(thinking_budget=64))
    assert answer.usage_metadata.thoughts_token_count > 0
    assert all(not part.thought for part in answer.candidates[0].content.parts)


def test_a_budget_out_of_range_is_refused(client):
    with pytest.raises(ClientError) as raised:
        client.models.generate_content(model=GEMINI, contents="x", config=thinking(thinking_budget=99_999))
    assert raised.value.message == "The thinking budget 99999 is invalid. Please choose a value between 1 and 24576."


# --- Forms of answers --------------------------------------------------------------------------------------


class Instrument(enum.Enum):
    PERCUSSION = "Percussion"
    STRING = "String"


class Player(BaseModel):
    name: str
    age: int
    instruments: list[Instrument]


def test_a_model_of_pydantic_comes_back(client):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=list[Player])
    answer = client.models.generate_content(model=GEMINI, contents="x", config=config)
    assert answer.parsed is not None
    assert all(isinstance(player, Player) for player in answer.parsed)


def test_a_json_schema_is_kept(client):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 5, "maximum": 9}},
        "required": ["city", "people"],
    }
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=schema)
    answer = client.models.generate_content(model=GEMINI, contents="x", config=config)
    assert isinstance(answer.parsed["city"], str)
    assert isinstance(answer.parsed["people"], int)


def test_an_enum_is_one_of_its_values(client):
    config = types.GenerateContentConfig(response_mime_type="text/x.enum", response_schema=Instrument)
    answer = client.models.generate_content(model=GEMINI, contents="x", config=config)
    assert answer.parsed in Instrument


def test_candidates_and_stop_sequences(client):
    nonce = nonce_of("candidates")
    config = types.GenerateContentConfig(candidate_count=3, max_output_tokens=200, stop_sequences=[".9"])
    answer = client.models.generate_content(model=GEMINI, contents=prompt(nonce), config=config)
    assert [candidate.index or 0 for candidate in answer.candidates] == [0, 1, 2]
    assert all(".9" not in candidate.content.parts[0].text for candidate in answer.candidates)
    with pytest.raises(ClientError) as raised:
        client.models.generate_content(
            model=GEMINI, contents="x", config=types.GenerateContentConfig(candidate_count=9)
        )
    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")


def test_log_probabilities(client):
    config = types.GenerateContentConfig(response_logprobs=True, logprobs=3, max_output_tokens=8)
    answer = client.models.generate_content(model=GEMINI, contents="x", config=config)
    [candidate] = answer.candidates
    assert candidate.avg_logprobs < 0
    result = candidate.logprobs_result
    assert "".join(chosen.token for chosen in result.chosen_candidates) == answer.text
    assert all(len(place.candidates) == 3 for place in result.top_candidates)


# --- What is withheld --------------------------------------------------------------------------------------


def test_a_blocked_prompt_has_feedback_and_no_candidates(client):
    answer = client.models.generate_content(model=GEMINI, contents="brownout:block=PROHIBITED_CONTENT")
    assert not answer.candidates
    assert answer.text is None
    assert answer.prompt_feedback.block_reason.value == "PROHIBITED_CONTENT"
    [chunk] = client.models.generate_content_stream(model=GEMINI, contents="brownout:block=SAFETY")
    assert chunk.prompt_feedback.block_reason.value == "SAFETY"


def test_a_withheld_answer_says_why(client):
    answer = client.models.generate_content(model=GEMINI, contents="brownout:finish=SAFETY")
    [candidate] = answer.candidates
    assert candidate.content is None
    assert candidate.finish_reason.value == "SAFETY"
    assert [rating.blocked for rating in candidate.safety_ratings].count(True) == 1
    chunks = list(client.models.generate_content_stream(model=GEMINI, contents="brownout:finish=RECITATION"))
    assert chunks[-1].candidates[0].finish_reason.value == "RECITATION"


def test_harm_that_may_pass_is_not_withheld(client):
    setting = types.SafetySetting(category="HARM_CATEGORY_DANGEROUS_CONTENT", threshold="BLOCK_NONE")
    config = types.GenerateContentConfig(safety_settings=[setting])
    answer = client.models.generate_content(model=GEMINI, contents="brownout:finish=SAFETY", config=config)
    assert answer.text
    assert {rating.probability.value for rating in answer.candidates[0].safety_ratings} == {"NEGLIGIBLE"}


# --- Pictures ----------------------------------------------------------------------------------------------


def size_of(data):
    """The size of a PNG, every checksum of which holds and whose pixels can be unpacked."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + content),)
        chunks[kind] = chunks.get(kind, b"") + content
        at += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert len(zlib.decompress(chunks[b"IDAT"])) % height == 0
    assert b"IEND" in chunks
    return width, height


def test_imagen_draws(client):
    config = types.GenerateImagesConfig(number_of_images=2, aspect_ratio="16:9")
    answer = client.models.generate_images(model="imagen-4.0-generate-001", prompt="a cat", config=config)
    pictures = [picture.image for picture in answer.generated_images]
    assert [size_of(picture.image_bytes) for picture in pictures] == [(1408, 768), (1408, 768)]
    assert {picture.mime_type for picture in pictures} == {"image/png"}


def test_imagen_draws_a_jpeg(client):
    config = types.GenerateImagesConfig(
        number_of_images=1, output_mime_type="image/jpeg", output_compression_quality=50, seed=7, add_watermark=False
    )
    answer = client.models.generate_images(model="imagen-4.0-generate-001", prompt="a cat", config=config)
    [picture] = answer.generated_images
    assert picture.image.mime_type == "image/jpeg"
    assert picture.image.image_bytes.startswith(b"\xff\xd8\xff") and picture.image.image_bytes.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"number_of_images": 5}, "sampleCount value of 5"),
        ({"aspect_ratio": "5:7"}, "Aspect ratio 5:7 is not supported."),
        ({"seed": 7}, "Seed is not supported when watermark is enabled."),
    ],
)
def test_imagen_refuses(client, config, words):
    with pytest.raises(ClientError) as raised:
        client.models.generate_images(
            model="imagen-4.0-generate-001", prompt="a cat", config=types.GenerateImagesConfig(**config)
        )
    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")
    assert words in raised.value.message


def test_imagen_withholds(client):
    config = types.GenerateImagesConfig(number_of_images=2, include_rai_reason=True)
    answer = client.models.generate_images(
        model="imagen-4.0-generate-001", prompt="brownout:filter=1", config=config
    )
    filtered, picture = answer.generated_images
    assert filtered.rai_filtered_reason
    assert picture.image.image_bytes
    with pytest.raises(ClientError) as raised:
        client.models.generate_images(model="imagen-4.0-generate-001", prompt="brownout:block")
    assert raised.value.message.startswith("Image generation failed with the following error")


def test_a_picture_comes_inside_an_answer(client):
    config = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(aspect_ratio="9:16")
    )
    answer = client.models.generate_content(model="gemini-2.5-flash-image", contents="draw", config=config)
    [picture] = [part.inline_data for part in answer.candidates[0].content.parts if part.inline_data]
    assert size_of(picture.data) == (768, 1344)


# --- Caches ------------------------------------------------------------------------------------------------


def test_a_cache_is_made_used_changed_and_forgotten(client):
    long = types.Content(role="user", parts=[types.Part(text="word " * 3000)])
    config = types.CreateCachedContentConfig(contents=[long], ttl="600s", display_name="d")
    cache = client.caches.create(model=GEMINI, config=config)
    assert cache.usage_metadata.total_token_count > 2048
    assert cache.expire_time - cache.create_time == datetime.timedelta(seconds=600)
    assert client.caches.get(name=cache.name).name == cache.name
    assert cache.name in [listed.name for listed in client.caches.list()]
    answer = client.models.generate_content(
        model=GEMINI, contents="go on", config=types.GenerateContentConfig(cached_content=cache.name)
    )
    usage = answer.usage_metadata
    assert usage.cached_content_token_count == cache.usage_metadata.total_token_count
    assert usage.prompt_token_count > usage.cached_content_token_count
    updated = client.caches.update(name=cache.name, config=types.UpdateCachedContentConfig(ttl="1200s"))
    assert updated.expire_time > cache.expire_time
    client.caches.delete(name=cache.name)
    with pytest.raises(ClientError) as raised:
        client.caches.get(name=cache.name)
    assert (raised.value.code, raised.value.status) == (404, "NOT_FOUND")


def test_a_short_text_is_not_cached(client):
    config = types.CreateCachedContentConfig(contents="short")
    with pytest.raises(ClientError) as raised:
        client.caches.create(model=GEMINI, config=config)
    assert "The minimum token count to start caching is 2048." in raised.value.message


# --- Models and tokens -------------------------------------------------------------------------------------


def test_tokens_are_told_one_by_one(client):
    computed = client.models.compute_tokens(model=GEMINI, contents="Hello there, world")
    [info] = computed.tokens_info
    assert b"".join(info.tokens).decode() == "Hello there, world"
    assert len(info.token_ids) == len(info.tokens)


def test_a_tuned_model_is_listed(client):
    [model] = client.models.list(config={"query_base": False})
    assert model.endpoints[0].name.startswith(f"projects/{PROJECT}/locations/{LOCATION}/endpoints/")
    answer = client.models.generate_content(model=model.endpoints[0].name, contents="x")
    assert answer.text


def test_one_base_model(client):
    assert client.models.get(model=GEMINI).name == f"publishers/google/models/{GEMINI}"


def test_asynchronous_calls_of_functions(vertex_mock):
    async def ask():
        options = types.HttpOptions(base_url=vertex_mock.url, timeout=TIMEOUT_MS)
        with genai.Client(
            vertexai=True, project=PROJECT, location=LOCATION, credentials=access_token(), http_options=options
        ) as client:
            async with client.aio as aio:
                return await aio.models.generate_content(model=GEMINI, contents="x", config=calling("ANY"))

    answer = asyncio.run(ask())
    assert answer.function_calls
