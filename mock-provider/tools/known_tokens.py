#!/usr/bin/env python3
"""Makes src/engine/tokens/known.bin, byte for byte: which texts are one token of o200k_base.

    tools/known_tokens.py o200k_base.tiktoken            writes the file
    tools/known_tokens.py o200k_base.tiktoken --check    says whether the file is what would be written

The vocabulary is OpenAI's, 3.6 MB, and is not kept here. tiktoken fetches it from
https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken; without that address it is also in the
crate tiktoken-rs (assets/o200k_base.tiktoken) and in LiteLLM, which the tests with the SDKs install
(litellm_core_utils/tokenizers/fb374d419588a4632f3f557e76b4b70aebbca790). Whichever it comes from, its hash is compared
with the one that tiktoken itself expects.

The averages in src/engine/tokens/cost.rs, for texts that are not one token, were fitted by least effort to pages of
Rust, Python, JSON, Markdown and English: the mean of their real tokens by kind and length, each raised by a tenth
because one in eleven of such texts is taken for known. tests/sdk/test_tokenizer.py compares counts with tiktoken's.
"""

import base64
import hashlib
import pathlib
import sys

VOCABULARY = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
KNOWN = pathlib.Path(__file__).parent.parent / "src/engine/tokens/known.bin"
# As in known.rs.
BITS = 21
BLOCK = 16
MULTIPLIERS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
MASK = (1 << 64) - 1


def hash_of(text):
    total = len(text)
    for start in range(0, len(text), BLOCK):
        block = text[start : start + BLOCK].ljust(BLOCK, b"\0")
        low, high = int.from_bytes(block[:8], "little"), int.from_bytes(block[8:], "little")
        total = (total ^ low) * MULTIPLIERS[0] & MASK
        total = (total ^ (total >> 29) ^ high) * MULTIPLIERS[1] & MASK
        total ^= total >> 32
    return (total * MULTIPLIERS[2] & MASK) >> 32


def set_of(vocabulary):
    bits = bytearray(1 << (BITS - 3))
    for line in vocabulary.splitlines():
        bit = hash_of(base64.b64decode(line.split()[0])) % (1 << BITS)
        bits[bit >> 3] |= 1 << (bit & 7)
    return bytes(bits)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    vocabulary = pathlib.Path(arguments[0]).read_bytes()
    if hashlib.sha256(vocabulary).hexdigest() != VOCABULARY:
        sys.exit(f"{arguments[0]} is not o200k_base: its SHA-256 is another")
    made = set_of(vocabulary)
    if "--check" in sys.argv:
        sys.exit(None if made == KNOWN.read_bytes() else f"{KNOWN} is another")
    KNOWN.write_bytes(made)


main()
