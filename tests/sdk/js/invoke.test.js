// InvokeModel and InvokeModelWithResponseStream, and the control plane's list of models.

import assert from "node:assert/strict";

import { BedrockClient, ListFoundationModelsCommand } from "@aws-sdk/client-bedrock";
import {
  CountTokensCommand, InvokeModelCommand, InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

import {
  CLAUDE, CLAUDE_TOOLS, JSON_TYPE, TITAN, call, checkArguments, claudeBody, collect, conforms, decode, nonceOf, using,
  wholeTokens,
} from "./support.js";

const NAME = "InvokeModel, Claude";

async function invoke(client, body) {
  const answer = await client.send(new InvokeModelCommand({ modelId: CLAUDE, contentType: JSON_TYPE, body }));
  assert.equal(answer.contentType, "application/json");
  return decode(answer.body);
}

async function invokeStream(client, body) {
  const request = { modelId: CLAUDE, contentType: JSON_TYPE, body };
  const answer = await client.send(new InvokeModelWithResponseStreamCommand(request));
  assert.equal(answer.contentType, "application/json");
  const { events, thrown } = await collect(answer.body);
  assert.equal(thrown, undefined);
  return events.map((event) => decode(event.chunk.bytes));
}

conforms([call(NAME, "plain"), call(NAME, "usage")], "InvokeModel", () =>
  using({}, async (client) => {
    const nonce = nonceOf("invoke");
    const message = await invoke(client, claudeBody(nonce));
    assert.match(message.id, /^msg_bdrk_01/);
    assert.equal(message.usage.output_tokens, wholeTokens(nonce, message.content[0].text));
    assert.ok(message.usage.input_tokens > 0);
    assert.ok(["end_turn", "max_tokens"].includes(message.stop_reason));
  }));

conforms([call(NAME, "stream"), call(NAME, "usage")], "InvokeModelWithResponseStream", () =>
  using({}, async (client) => {
    const nonce = nonceOf("invoke-stream");
    const pieces = await invokeStream(client, claudeBody(nonce));
    const kinds = pieces.map((piece) => piece.type);
    const deltas = kinds.filter((kind) => kind === "content_block_delta");
    const head = ["message_start", "content_block_start"];
    const tail = ["content_block_stop", "message_delta", "message_stop"];
    assert.deepEqual(kinds.filter((kind) => kind !== "ping"), [...head, ...deltas, ...tail]);
    const tokens = wholeTokens(nonce, pieces.map((piece) => piece.delta?.text ?? "").join(""));
    assert.equal(pieces.at(-2).usage.output_tokens, tokens);
    assert.equal(pieces.at(-1)["amazon-bedrock-invocationMetrics"].outputTokenCount, tokens);
  }));

conforms([call(NAME, "tool")], "InvokeModel calls a tool", () =>
  using({}, async (client) => {
    const message = await invoke(client, claudeBody(nonceOf("invoke-tool"), { ...CLAUDE_TOOLS, max_tokens: 400 }));
    assert.equal(message.stop_reason, "tool_use");
    const uses = message.content.filter((block) => block.type === "tool_use");
    assert.ok(uses.length >= 1);
    for (const use of uses) {
      assert.equal(use.name, "weather");
      assert.match(use.id, /^toolu_bdrk_01/);
      checkArguments(use.input);
    }
  }));

conforms([call(NAME, "stream tool")], "InvokeModelWithResponseStream calls a tool", () =>
  using({}, async (client) => {
    const body = claudeBody(nonceOf("invoke-stream-tool"), { ...CLAUDE_TOOLS, max_tokens: 400 });
    const pieces = await invokeStream(client, body);
    const starts = pieces.filter((piece) => piece.content_block?.type === "tool_use");
    assert.ok(starts.length >= 1);
    for (const start of starts) {
      assert.equal(start.content_block.name, "weather");
      assert.deepEqual(start.content_block.input, {});
      const deltas = pieces.filter((piece) => piece.type === "content_block_delta" && piece.index === start.index);
      checkArguments(JSON.parse(deltas.map((piece) => piece.delta.partial_json).join("")));
    }
    assert.equal(pieces.find((piece) => piece.type === "message_delta").delta.stop_reason, "tool_use");
  }));

conforms([call(NAME, "count")], "CountTokens of an InvokeModel request", () =>
  using({}, async (client) => {
    const nonce = nonceOf("invoke-count");
    const input = { invokeModel: { body: new TextEncoder().encode(claudeBody(nonce)) } };
    const counted = await client.send(new CountTokensCommand({ modelId: CLAUDE, input }));
    const message = await invoke(client, claudeBody(nonce, { max_tokens: 4 }));
    assert.ok(counted.inputTokens > 0);
    assert.equal(counted.inputTokens, message.usage.input_tokens);
  }));

const TITAN_NAME = "InvokeModel, Titan embeddings";
conforms([call(TITAN_NAME, "plain"), call(TITAN_NAME, "usage")], "InvokeModel embeds with Titan", () =>
  using({}, async (client) => {
    const body = JSON.stringify({ inputText: "A text.", dimensions: 512, normalize: true });
    const command = new InvokeModelCommand({ modelId: TITAN, contentType: JSON_TYPE, body });
    const answer = decode((await client.send(command)).body);
    assert.equal(answer.embedding.length, 512);
    assert.ok(Math.abs(Math.hypot(...answer.embedding) - 1) < 1e-3);
    assert.ok(answer.inputTextTokenCount > 0);
  }));

conforms([call("ListFoundationModels", "plain")], "ListFoundationModels", () =>
  using({ Client: BedrockClient }, async (client) => {
    const { modelSummaries } = await client.send(new ListFoundationModelsCommand({ byProvider: "Anthropic" }));
    assert.ok(modelSummaries.length > 0);
    for (const summary of modelSummaries) {
      assert.equal(summary.providerName, "Anthropic");
      assert.match(summary.modelArn, /^arn:aws:bedrock:us-east-1::foundation-model\/anthropic\./);
    }
    assert.ok(modelSummaries.some((summary) => summary.modelId === CLAUDE));
  }));
