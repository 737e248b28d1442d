"""boto3's InvokeModel with every family's own body, whole and streamed, and pictures that decode."""

import base64
import json
import struct
import zlib

import pytest

from support.bedrock import client_of
from support.nonce import nonce_of, text_of

TOKENS = 5


@pytest.fixture
def client(bedrock_proxy):
    # A picture takes some seconds.
    with_timeouts = client_of(bedrock_proxy.url, read_timeout=20)
    yield with_timeouts
    with_timeouts.close()


def chat(nonce):
    return {"messages": [{"role": "user", "content": f"{nonce}\nhi"}], "max_tokens": TOKENS}


def nova(nonce):
    return {
        "messages": [{"role": "user", "content": [{"text": f"{nonce}\nhi"}]}],
        "inferenceConfig": {"max_new_tokens": TOKENS},
    }


# Model, body of a nonce, text of a whole answer, text of an object of a stream.
FAMILIES = [
    (
        "amazon.nova-lite-v1:0",
        nova,
        lambda answer: answer["output"]["message"]["content"][0]["text"],
        lambda piece: piece.get("contentBlockDelta", {}).get("delta", {}).get("text", ""),
    ),
    (
        "amazon.titan-text-express-v1",
        lambda nonce: {"inputText": f"{nonce}\nhi", "textGenerationConfig": {"maxTokenCount": TOKENS}},
        lambda answer: answer["results"][0]["outputText"],
        lambda piece: piece["outputText"],
    ),
    (
        "meta.llama3-1-8b-instruct-v1:0",
        lambda nonce: {"prompt": f"{nonce}\nhi", "max_gen_len": TOKENS},
        lambda answer: answer["generation"],
        lambda piece: piece["generation"],
    ),
    (
        "mistral.mistral-7b-instruct-v0:2",
        lambda nonce: {"prompt": f"<s>[INST] {nonce}\nhi [/INST]", "max_tokens": TOKENS},
        lambda answer: answer["outputs"][0]["text"],
        lambda piece: piece["outputs"][0]["text"],
    ),
    (
        "mistral.mistral-large-2407-v1:0",
        chat,
        lambda answer: answer["choices"][0]["message"]["content"],
        lambda piece: piece["choices"][0]["delta"].get("content", ""),
    ),
    (
        "openai.gpt-oss-20b-1:0",
        chat,
        lambda answer: answer["choices"][0]["message"]["content"],
        lambda piece: piece["choices"][0]["delta"].get("content", ""),
    ),
    (
        "cohere.command-r-v1:0",
        lambda nonce: {"message": f"{nonce}\nhi", "max_tokens": TOKENS},
        lambda answer: answer["text"],
        lambda piece: piece.get("text", ""),
    ),
    (
        "cohere.command-text-v14",
        lambda nonce: {"prompt": f"{nonce}\nhi", "max_tokens": TOKENS},
        lambda answer: answer["generations"][0]["text"],
        lambda piece: piece.get("text", ""),
    ),
]


@pytest.mark.parametrize(("model", "body", "whole", "piece"), FAMILIES, ids=[family[0] for family in FAMILIES])
def test_a_family_answers_whole_and_streamed(client, model, body, whole, piece):
    nonce = nonce_of(f"family-{model}")
    request = {"modelId": model, "body": json.dumps(body(nonce))}
    answer = client.invoke_model(**request)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    text = whole(json.loads(answer["body"].read()))
    tokens = int(headers["x-amzn-bedrock-output-token-count"])
    assert text == text_of(nonce, tokens)
    assert 0 < tokens <= TOKENS
    assert int(headers["x-amzn-bedrock-input-token-count"]) > 0

    pieces = [
        json.loads(event["chunk"]["bytes"])
        for event in client.invoke_model_with_response_stream(**request)["body"]
    ]
    assert "".join(piece(object_) for object_ in pieces) == text
    metrics = [object_ for object_ in pieces if "amazon-bedrock-invocationMetrics" in object_]
    assert metrics == [pieces[-1]]
    assert metrics[0]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] == tokens


@pytest.mark.parametrize("model", ["cohere.embed-english-v3", "cohere.embed-v4:0"])
def test_cohere_embeddings(client, model):
    body = {"texts": ["one", "two"], "input_type": "search_document"}
    answer = client.invoke_model(modelId=model, body=json.dumps(body))
    embedded = json.loads(answer["body"].read())
    assert embedded["response_type"] == "embeddings_floats"
    assert embedded["texts"] == ["one", "two"]
    dimension = 1024 if model.endswith("v3") else 1536
    assert [len(vector) for vector in embedded["embeddings"]] == [dimension, dimension]
    forms = {"float": dimension, "int8": dimension, "uint8": dimension, "binary": dimension // 8, "ubinary": dimension // 8}
    body["embedding_types"] = list(forms)
    typed = json.loads(client.invoke_model(modelId=model, body=json.dumps(body))["body"].read())
    assert typed["response_type"] == "embeddings_by_type"
    assert {form: len(vectors[0]) for form, vectors in typed["embeddings"].items()} == forms
    assert typed["embeddings"]["float"] == embedded["embeddings"]


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("amazon.titan-text-express-v1", {"prompt": "x"}),
        ("meta.llama3-1-8b-instruct-v1:0", {"prompt": "x", "max_gen_len": 99_999}),
        ("cohere.embed-english-v3", {"texts": ["x"], "input_type": "nothing"}),
        ("amazon.nova-canvas-v1:0", {"taskType": "PAINT"}),
    ],
)
def test_bodies_of_the_wrong_form_are_refused(client, model, body):
    with pytest.raises(client.exceptions.ValidationException) as refused:
        client.invoke_model(modelId=model, body=json.dumps(body))
    assert refused.value.response["Error"]["Message"].startswith("Malformed input request: ")


def pixels_of(png):
    """Width and height of a PNG file whose every byte is as it should be."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, size, data = 8, None, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, chunk = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert zlib.crc32(kind + chunk) == checksum
        if kind == b"IHDR":
            size = struct.unpack(">II", chunk[:8])
        data += chunk if kind == b"IDAT" else b""
        at += 12 + length
    # A byte of filter and three of colour for each pixel.
    assert len(zlib.decompress(data)) == size[1] * (1 + 3 * size[0])
    return size


@pytest.mark.conformance("boto3", "InvokeModel, images", "plain")
@pytest.mark.parametrize(
    ("model", "body", "pictures", "size"),
    [
        (
            "amazon.nova-canvas-v1:0",
            {
                "taskType": "TEXT_IMAGE",
                "textToImageParams": {"text": "a cat"},
                "imageGenerationConfig": {"numberOfImages": 2, "width": 512, "height": 320},
            },
            lambda answer: answer["images"],
            (512, 320),
        ),
        (
            "amazon.titan-image-generator-v2:0",
            {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a cat"}},
            lambda answer: answer["images"],
            (1024, 1024),
        ),
        (
            "stability.stable-image-core-v1:1",
            {"prompt": "a cat", "aspect_ratio": "16:9"},
            lambda answer: answer["images"],
            (1344, 768),
        ),
    ],
    ids=["nova-canvas", "titan-image", "stability"],
)
def test_pictures_decode(client, model, body, pictures, size):
    answer = client.invoke_model(modelId=model, body=json.dumps(body))
    drawn = pictures(json.loads(answer["body"].read()))
    assert drawn
    assert {pixels_of(base64.b64decode(picture)) for picture in drawn} == {size}


def test_a_jpeg_and_a_batch_held_back_in_part(client):
    body = {"prompt": "a cat", "output_format": "jpeg"}
    answer = client.invoke_model(modelId="stability.sd3-5-large-v1:0", body=json.dumps(body))
    picture = base64.b64decode(json.loads(answer["body"].read())["images"][0])
    assert picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9")
    body = {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "a cat filterme=1"},
        "imageGenerationConfig": {"numberOfImages": 2, "width": 320, "height": 320},
    }
    answer = client.invoke_model(modelId="amazon.nova-canvas-v1:0", body=json.dumps(body))
    drawn = json.loads(answer["body"].read())
    assert len(drawn["images"]) == 1 and drawn["error"]
