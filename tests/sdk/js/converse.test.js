// Converse, ConverseStream and CountTokens, without faults: every token, every event.

import assert from "node:assert/strict";

import { ConverseCommand, ConverseStreamCommand, CountTokensCommand } from "@aws-sdk/client-bedrock-runtime";

import {
  CLAUDE, CONVERSE_TOOLS, MAX_TOKENS, call, checkArguments, collect, conforms, conversation, messages, nonceOf, using,
  wholeTokens,
} from "./support.js";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function checkUsage(usage, tokens) {
  assert.equal(usage.outputTokens, tokens);
  assert.equal(usage.totalTokens, usage.inputTokens + tokens);
  assert.ok(usage.inputTokens > 0);
}

conforms([call("Converse", "plain"), call("Converse", "usage")], "Converse", () =>
  using({}, async (client) => {
    const nonce = nonceOf("converse");
    const answer = await client.send(new ConverseCommand(conversation(nonce)));
    const tokens = wholeTokens(nonce, answer.output.message.content[0].text);
    assert.ok(tokens > 0 && tokens <= MAX_TOKENS);
    assert.equal(answer.output.message.role, "assistant");
    assert.ok(["end_turn", "max_tokens"].includes(answer.stopReason));
    checkUsage(answer.usage, tokens);
    assert.ok(answer.metrics.latencyMs >= 0);
    assert.equal(answer.$metadata.httpStatusCode, 200);
    assert.match(answer.$metadata.requestId, UUID);
    assert.equal(answer.$metadata.attempts, 1);
  }));

conforms([call("Converse", "stream"), call("Converse", "usage")], "ConverseStream", () =>
  using({}, async (client) => {
    const nonce = nonceOf("converse-stream");
    const answer = await client.send(new ConverseStreamCommand(conversation(nonce)));
    const { events, thrown } = await collect(answer.stream);
    assert.equal(thrown, undefined);
    const kinds = events.map((event) => Object.keys(event)[0]);
    const deltas = kinds.filter((kind) => kind === "contentBlockDelta");
    assert.ok(deltas.length >= 4);
    assert.deepEqual(kinds, ["messageStart", ...deltas, "contentBlockStop", "messageStop", "metadata"]);
    const text = events.map((event) => event.contentBlockDelta?.delta.text ?? "").join("");
    checkUsage(events.at(-1).metadata.usage, wholeTokens(nonce, text));
    assert.deepEqual(events[0].messageStart, { role: "assistant" });
    assert.ok(["end_turn", "max_tokens"].includes(events.at(-2).messageStop.stopReason));
  }));

conforms([call("Converse", "tool")], "Converse calls a tool", () =>
  using({}, async (client) => {
    const more = { toolConfig: CONVERSE_TOOLS, inferenceConfig: { maxTokens: 400 } };
    const answer = await client.send(new ConverseCommand(conversation(nonceOf("converse-tool"), more)));
    assert.equal(answer.stopReason, "tool_use");
    const uses = answer.output.message.content.filter((block) => block.toolUse).map((block) => block.toolUse);
    assert.ok(uses.length >= 1);
    for (const use of uses) {
      assert.equal(use.name, "weather");
      assert.match(use.toolUseId, /^tooluse_[A-Za-z0-9_-]{22}$/);
      checkArguments(use.input);
    }
    // The model reads the tool's result, and answers in text.
    const results = uses.map(({ toolUseId }) => ({ toolResult: { toolUseId, content: [{ text: "mild" }] } }));
    const asked = messages(nonceOf("converse-tool"));
    const turns = [...asked, answer.output.message, { role: "user", content: results }];
    const auto = { toolConfig: { ...CONVERSE_TOOLS, toolChoice: { auto: {} } } };
    const after = await client.send(new ConverseCommand({ ...conversation("", auto), messages: turns }));
    assert.notEqual(after.stopReason, "tool_use");
    assert.ok(after.output.message.content[0].text);
  }));

conforms([call("Converse", "stream tool")], "ConverseStream calls a tool", () =>
  using({}, async (client) => {
    const more = { toolConfig: CONVERSE_TOOLS, inferenceConfig: { maxTokens: 400 } };
    const answer = await client.send(new ConverseStreamCommand(conversation(nonceOf("converse-stream-tool"), more)));
    const { events, thrown } = await collect(answer.stream);
    assert.equal(thrown, undefined);
    const starts = events.filter((event) => event.contentBlockStart?.start?.toolUse);
    assert.ok(starts.length >= 1);
    for (const { contentBlockStart } of starts) {
      const index = contentBlockStart.contentBlockIndex;
      assert.equal(contentBlockStart.start.toolUse.name, "weather");
      assert.match(contentBlockStart.start.toolUse.toolUseId, /^tooluse_[A-Za-z0-9_-]{22}$/);
      const pieces = events.filter((event) => event.contentBlockDelta?.contentBlockIndex === index);
      checkArguments(JSON.parse(pieces.map((piece) => piece.contentBlockDelta.delta.toolUse.input).join("")));
      assert.equal(events.filter((event) => event.contentBlockStop?.contentBlockIndex === index).length, 1);
    }
    assert.equal(events.find((event) => event.messageStop).messageStop.stopReason, "tool_use");
    assert.ok(events.at(-1).metadata.usage.outputTokens > 0);
  }));

conforms([call("Converse", "count")], "CountTokens of a Converse request", () =>
  using({}, async (client) => {
    const nonce = nonceOf("converse-count");
    const input = { converse: { messages: messages(nonce) } };
    const counted = await client.send(new CountTokensCommand({ modelId: CLAUDE, input }));
    const billed = await client.send(new ConverseCommand(conversation(nonce, { inferenceConfig: { maxTokens: 4 } })));
    assert.ok(counted.inputTokens > 0);
    assert.equal(counted.inputTokens, billed.usage.inputTokens);
  }));
