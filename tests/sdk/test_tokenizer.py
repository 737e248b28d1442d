"""The mock's tokenizer beside OpenAI's own: its set of known tokens is made from the real vocabulary, and its counts are near.

LiteLLM carries the vocabulary of o200k_base for tiktoken; nothing is fetched.
"""

import json
import pathlib
import subprocess
import sys
import urllib.request

import litellm.litellm_core_utils.tokenizers as carried
import pytest
import tiktoken

from support.parts import ROOT
from support.vertex import GEMINI, LOCATION, PROJECT

VOCABULARY = pathlib.Path(carried.__file__).with_name("fb374d419588a4632f3f557e76b4b70aebbca790")
CRATE = ROOT / "mock-provider"
PAGE = 4_000
# None of these took part in the calibration.
CORPORA = {
    "English": ("docs/*.md", "*.md"),
    "Rust": ("wire/src/**/*.rs", "gateway/src/**/*.rs"),
    "Python": ("tests/sdk/*.py",),
}


def pages(patterns):
    files = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    texts = (path.read_text(encoding="utf-8")[:PAGE] for path in files)
    return [text for text in texts if len(text) > PAGE // 2]


@pytest.fixture(scope="module")
def encoding():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(VOCABULARY.parent))
        return tiktoken.get_encoding("o200k_base")


@pytest.fixture
def count(vertex_mock):
    path = f"/v1/projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/{GEMINI}:countTokens"

    def count(text):
        body = json.dumps({"contents": [{"role": "user", "parts": [{"text": text}]}]}).encode()
        headers = {"content-type": "application/json", "authorization": "Bearer ya29.test"}
        request = urllib.request.Request(vertex_mock.url + path, body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["totalTokens"]

    return count


def test_the_set_of_known_tokens_is_made_from_the_vocabulary():
    made = subprocess.run([sys.executable, CRATE / "tools/known_tokens.py", VOCABULARY, "--check"], check=False)
    assert made.returncode == 0


@pytest.mark.parametrize("name", CORPORA)
def test_pages_are_counted_to_a_few_per_cent(name, count, encoding):
    errors, counted, real = [], 0, 0
    for page in pages(CORPORA[name]):
        tokens, told = len(encoding.encode(page)), count(page)
        errors.append(abs(told / tokens - 1))
        counted, real = counted + told, real + tokens
    errors.sort()
    assert len(errors) >= 5
    assert abs(counted / real - 1) < 0.02, f"{counted} of {real} tokens"
    assert errors[len(errors) * 9 // 10] < 0.03, f"nine pages in ten are within {errors[len(errors) * 9 // 10]:.3f}"
