"""Nonces and the token texts that a mock provider streams for them.

Written again from their definition, so that a mistake in the product's own arithmetic shows.
"""

import hashlib
import re

TOKEN = re.compile(r" ([0-9a-f]{4})\.(\d+)")


def nonce_of(name: str) -> str:
    """The nonce of a call: always the same for the same test and call, so that a failure repeats."""
    return "bo-" + hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def tag_of(nonce: str) -> str:
    """FNV-1a (64 bits) over the nonce's 19 bytes, folded to 16 bits."""
    value = 0xCBF29CE484222325
    for byte in nonce.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    value ^= value >> 32
    return f"{(value ^ (value >> 16)) & 0xFFFF:04x}"


def text_of(nonce: str, count: int) -> str:
    """The whole text of an answer of `count` tokens."""
    tag = tag_of(nonce)
    return "".join(f" {tag}.{seq}" for seq in range(count))


def whole_tokens(nonce: str, text: str) -> int:
    """How many tokens a text holds; raises when it is anything but tokens 0, 1, 2, … of this nonce."""
    count = len(TOKEN.findall(text))
    assert text == text_of(nonce, count), f"not tokens 0 to {count - 1} of {nonce}: {text!r}"
    return count
