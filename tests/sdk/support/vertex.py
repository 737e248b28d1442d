"""Calls of Vertex AI with google-genai as it ships: synchronous over httpx, asynchronous over aiohttp."""

import asyncio

import aiohttp
import google.oauth2.credentials
from google import genai
from google.genai import types

from support.calls import MAX_TOKENS, PATIENCE_SECONDS, Call, read_seconds
from support.nonce import nonce_of

GEMINI = "gemini-2.5-flash"
PROJECT = "brownout-tests"
LOCATION = "us-central1"
CONFIG = types.GenerateContentConfig(max_output_tokens=MAX_TOKENS)
# The SDK's own five attempts, without the 15 seconds that they take by default.
RETRIES = types.HttpRetryOptions(initial_delay=0.01, max_delay=0.02, jitter=0.01)


def access_token():
    """Credentials that hold a token and never refresh."""
    return google.oauth2.credentials.Credentials("ya29.any")


def options_of(url, seconds=PATIENCE_SECONDS, **more):
    """The settings with which the SDK is pointed at a mock."""
    return types.HttpOptions(base_url=url, timeout=seconds * 1000, **more)


def client_of(options, credentials=None):
    """A client of a project at a location."""
    credentials = credentials or access_token()
    return genai.Client(
        vertexai=True, project=PROJECT, location=LOCATION, credentials=credentials, http_options=options
    )


def prompt(nonce):
    """A prompt that carries its nonce in the first line."""
    return f"{nonce}\nSay something."


def take(call, piece):
    """Takes in an answer, or one chunk of it."""
    call.events.append(piece)
    call.text += piece.text or ""
    call.finished |= any(candidate.finish_reason for candidate in piece.candidates or [])


def unary(client, call, model):
    take(call, client.models.generate_content(model=model, contents=prompt(call.nonce), config=CONFIG))


def stream(client, call, model):
    chunks = client.models.generate_content_stream(model=model, contents=prompt(call.nonce), config=CONFIG)
    for chunk in chunks:
        take(call, chunk)


async def unary_async(client, call, model):
    take(call, await client.aio.models.generate_content(model=model, contents=prompt(call.nonce), config=CONFIG))


async def stream_async(client, call, model):
    chunks = await client.aio.models.generate_content_stream(
        model=model, contents=prompt(call.nonce), config=CONFIG
    )
    async for chunk in chunks:
        take(call, chunk)


SYNC = {"unary": unary, "stream": stream}
ASYNC = {"async-unary": unary_async, "async-stream": stream_async}
FORMS = [*SYNC, *ASYNC]


def run(part, calls, name, form, *, fault=None, retries=None, model=GEMINI, url=None, seconds=None):
    """Makes one call and writes it down. What the SDK raised stands in the call."""
    call = Call(nonce_of(name), part.name, fault, "generateContent", streamed=form.endswith("stream"))
    settings = {"headers": {"x-brownout-fault": fault} if fault else None, "retry_options": retries}
    settings["seconds"] = seconds or read_seconds(fault)
    try:
        if form in SYNC:
            run_sync(url or part.url, call, SYNC[form], settings, model)
        else:
            asyncio.run(run_async(url or part.url, call, ASYNC[form], settings, model))
    except Exception as error:  # Whatever the SDK raises is what the test is about.
        call.error = error
    calls.add(call)
    return call


def run_sync(url, call, send, settings, model):
    def count(_request):
        call.attempts += 1

    hooks = {"event_hooks": {"request": [count]}}
    with client_of(options_of(url, client_args=hooks, **settings)) as client:
        send(client, call, model)


async def run_async(url, call, send, settings, model):
    async def count(*_):
        call.attempts += 1

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(count)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        client = client_of(options_of(url, aiohttp_client=session, **settings))
        try:
            await send(client, call, model)
        finally:
            await client.aio.aclose()
            client.close()
