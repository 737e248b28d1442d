"""The service's own tools, turns that are paused, and citations, with the anthropic SDK.

Which home has which tool, and the words of a refusal, are those of published answers.
"""

import anthropic
import pytest

from support.claude import BEDROCK, DIRECT, VERTEX, asks
from support.nonce import nonce_of, whole_tokens

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
SHELL = {"type": "code_execution_20250825", "name": "code_execution"}
PYTHON = {"type": "code_execution_20250522", "name": "code_execution"}


@pytest.fixture
def client(anthropic_mock):
    with DIRECT.client(anthropic_mock.url) as client:
        yield client


def served(home, name, *tools, words="Say something."):
    """The arguments of a call with tools that the service runs."""
    asked = asks(home, name, tools=list(tools)) | {"max_tokens": 2_000}
    asked["messages"] = [{"role": "user", "content": f"{nonce_of(name)}\n{words}"}]
    return asked


def both(client, asked):
    """The message as it comes whole, and as the SDK puts it together from a stream."""
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in whole.content]
    assert streamed.stop_reason == whole.stop_reason
    assert streamed.usage.server_tool_use == whole.usage.server_tool_use
    return whole


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("home", [DIRECT, VERTEX], ids=str)
def test_a_search(request, home):
    with home.client(request.getfixturevalue(f"{home.family}_mock").url) as client:
        message = both(client, served(home, "served-search", SEARCH))
    used, brought, uncited, cited = message.content
    assert isinstance(used, anthropic.types.ServerToolUseBlock)
    assert (used.name, list(used.input)) == ("web_search", ["query"])
    assert isinstance(brought, anthropic.types.WebSearchToolResultBlock)
    assert brought.tool_use_id == used.id
    assert isinstance(brought.content[0], anthropic.types.WebSearchResultBlock)
    assert uncited.citations is None
    (citation,) = cited.citations
    assert isinstance(citation, anthropic.types.CitationsWebSearchResultLocation)
    assert (citation.url, citation.title) == (brought.content[0].url, brought.content[0].title)
    assert message.usage.server_tool_use.web_search_requests == 1
    assert message.stop_reason == "end_turn"
    assert whole_tokens(nonce_of("served-search"), text_of(message)) < message.usage.output_tokens


def test_the_events_of_a_search(client):
    events = list(client.messages.create(**served(DIRECT, "served-events", SEARCH), stream=True))
    opened = [event.content_block.type for event in events if event.type == "content_block_start"]
    assert opened == ["server_tool_use", "web_search_tool_result", "text", "text"]
    deltas = [event.delta.type for event in events if event.type == "content_block_delta" and event.index == 3]
    assert deltas[0] == "citations_delta"
    assert set(deltas[1:]) == {"text_delta"}
    assert events[-2].usage.server_tool_use.web_search_requests == 1


@pytest.mark.parametrize(
    ("tool", "used", "brought"),
    [
        (SHELL, "bash_code_execution", anthropic.types.BashCodeExecutionToolResultBlock),
        (PYTHON, "code_execution", anthropic.types.CodeExecutionToolResultBlock),
    ],
    ids=["shell", "python"],
)
def test_code_runs(client, tool, used, brought):
    message = both(client, served(DIRECT, f"served-{used}", tool))
    assert message.content[0].name == used
    assert isinstance(message.content[1], brought)
    assert message.content[1].content.return_code == 0
    assert message.content[1].content.stdout.strip().isdigit()
    assert message.container.id.startswith("container_01")
    again = client.messages.create(**served(DIRECT, f"served-{used}", tool), container=message.container.id)
    assert again.container.id == message.container.id


def test_a_paused_turn_is_continued_by_giving_it_back(client):
    asked = served(DIRECT, "served-paused", SEARCH, words="brownout:server-tools=12")
    paused = both(client, asked)
    assert paused.stop_reason == "pause_turn"
    assert paused.usage.server_tool_use.web_search_requests == 10
    asked["messages"].append({"role": "assistant", "content": paused.content})
    ended = both(client, asked)
    assert ended.stop_reason == "end_turn"
    assert ended.usage.server_tool_use.web_search_requests == 2
    whole_tokens(nonce_of("served-paused"), text_of(ended))


def test_a_search_too_many(client):
    limited = {**SEARCH, "max_uses": 1, "allowed_domains": ["docs.example"]}
    message = both(client, served(DIRECT, "served-limited", limited, words="brownout:server-tools=3"))
    assert all(page.url.startswith("https://docs.example/") for page in message.content[1].content)
    refused = message.content[3].content
    assert isinstance(refused, anthropic.types.WebSearchToolResultErrorObject)
    assert refused.error_code == "max_uses_exceeded"


# home, tool
NOT_THERE = [(BEDROCK, SEARCH), (BEDROCK, SHELL), (VERTEX, SHELL), (DIRECT, {"type": "function", "name": "f"})]


@pytest.mark.parametrize(("home", "tool"), NOT_THERE, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("streams", [False, True], ids=["plain", "stream"])
def test_tools_that_a_home_does_not_run(request, home, tool, streams):
    url = request.getfixturevalue(f"{home.family}_mock").url
    with home.client(url) as client, pytest.raises(anthropic.BadRequestError) as raised:
        client.messages.create(**served(home, "served-nowhere", tool), stream=streams)
    assert f"tools.0: Input tag '{tool['type']}' found using 'type' does not match" in str(raised.value.body)


TEXT = "The grass is green. The sky is blue. Das Gras ist höher."


def document(source, **more):
    return {"type": "document", "source": source, "citations": {"enabled": True}, **more}


@pytest.mark.parametrize("home", [DIRECT, BEDROCK, VERTEX], ids=str)
def test_citations(request, home):
    asked = asks(home, "served-cited")
    asked["messages"][0]["content"] = [
        document({"type": "text", "media_type": "text/plain", "data": TEXT}, title="Colours"),
        document({"type": "content", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}),
        document({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}),
        {"type": "text", "text": asked["messages"][0]["content"]},
    ]
    with home.client(request.getfixturevalue(f"{home.family}_mock").url) as client:
        message = both(client, asked)
    assert message.content[0].citations is None
    by_chars, by_blocks, by_pages = [block.citations[0] for block in message.content[1:]]
    assert isinstance(by_chars, anthropic.types.CitationCharLocation)
    assert TEXT[by_chars.start_char_index : by_chars.end_char_index] == by_chars.cited_text
    assert (by_chars.document_index, by_chars.document_title) == (0, "Colours")
    assert isinstance(by_blocks, anthropic.types.CitationContentBlockLocation)
    assert ["one", "two"][by_blocks.start_block_index] == by_blocks.cited_text
    assert isinstance(by_pages, anthropic.types.CitationPageLocation)
    assert (by_pages.start_page_number, by_pages.end_page_number) == (1, 2)
    assert message.usage.output_tokens == whole_tokens(nonce_of("served-cited"), text_of(message))


def test_documents_are_cited_all_or_none(client):
    text = {"type": "text", "media_type": "text/plain", "data": TEXT}
    asked = asks(DIRECT, "served-mixed")
    asked["messages"][0]["content"] = [document(text), {"type": "document", "source": text}]
    with pytest.raises(anthropic.BadRequestError, match="citations must be enabled on all or none"):
        client.messages.create(**asked)
