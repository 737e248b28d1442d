// What the tests share: the client as it ships, the nonce and its tokens, and the record of what passed.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { test } from "node:test";

import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";

export const COLUMN = "aws-sdk-js";
export const CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0";
export const TITAN = "amazon.titan-embed-text-v2:0";
export const MAX_TOKENS = 24;
// Said by the caller, as the API wants it: by itself the SDK calls a body a stream of octets.
export const JSON_TYPE = "application/json";

const setting = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are run by tests/run sdk`);
  return value;
};
export const MOCK = setting("BROWNOUT_BEDROCK");
const RECORDS = setting("BROWNOUT_RECORDS");

// --- The record -----------------------------------------------------------------------------------------------

export const call = (name, variant) => ({ column: COLUMN, call: name, variant });
export const error = (name, raises) => ({ column: COLUMN, error: name, raises });

/** A test that fills cells of docs/conformance.md; one line of JSON a cell, however it ends. */
export function conforms(cells, name, body) {
  test(name, async () => {
    let outcome = "failed";
    try {
      await body();
      outcome = "passed";
    } finally {
      const lines = cells.map((cell) => JSON.stringify({ ...cell, outcome, test: `js: ${name}` }));
      appendFileSync(RECORDS, lines.map((line) => `${line}\n`).join(""));
    }
  });
}

// --- The client -----------------------------------------------------------------------------------------------

/** A client with its default handler; only the endpoint and the keys are given. */
export function clientOf(settings = {}) {
  const { fault, credentials, Client = BedrockRuntimeClient, ...more } = settings;
  const client = new Client({
    region: "us-east-1",
    endpoint: MOCK,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "mock-secret-key", ...credentials },
    ...more,
  });
  client.attempts = 0;
  // After the signature, as a proxy on the way would: it does not cover the header.
  client.middlewareStack.addRelativeTo(
    (next) => (args) => {
      client.attempts += 1;
      if (fault) args.request.headers["x-brownout-fault"] = fault;
      return next(args);
    },
    { name: "countAttempts", relation: "after", toMiddleware: "httpSigningMiddleware" },
  );
  return client;
}

/** Runs with a client and closes it, so that the process can end. */
export async function using(settings, body) {
  const client = clientOf(settings);
  try {
    return await body(client);
  } finally {
    client.destroy();
  }
}

// --- Nonces ---------------------------------------------------------------------------------------------------

export const nonceOf = (name) => `bo-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;

/** The text of an answer of so many tokens: FNV-1a over the nonce, folded to 16 bits, and the token's number. */
export function textOf(nonce, count) {
  let value = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(nonce)) value = ((value ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  value ^= value >> 32n;
  const tag = ((value ^ (value >> 16n)) & 0xffffn).toString(16).padStart(4, "0");
  return Array.from({ length: count }, (_, number) => ` ${tag}.${number}`).join("");
}

/** How many tokens a text holds; it must be the tokens 0, 1, 2, … of this nonce. */
export function wholeTokens(nonce, text) {
  const count = text.split(".").length - 1;
  assert.equal(text, textOf(nonce, count));
  return count;
}

// --- Requests -------------------------------------------------------------------------------------------------

export const messages = (nonce) => [{ role: "user", content: [{ text: `${nonce}\nSay something.` }] }];

/** The input of Converse and ConverseStream. */
export const conversation = (nonce, more = {}) => ({
  modelId: CLAUDE,
  messages: messages(nonce),
  inferenceConfig: { maxTokens: MAX_TOKENS },
  ...more,
});

const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" }, unit: { enum: ["celsius", "fahrenheit"] } },
  required: ["city", "unit"],
};
export const CONVERSE_TOOLS = {
  tools: [{ toolSpec: { name: "weather", description: "The weather.", inputSchema: { json: SCHEMA } } }],
  toolChoice: { any: {} },
};
export const CLAUDE_TOOLS = {
  tools: [{ name: "weather", description: "The weather.", input_schema: SCHEMA }],
  tool_choice: { type: "any" },
};

/** The arguments of a call of the tool above follow its schema. */
export function checkArguments(input) {
  assert.equal(typeof input.city, "string");
  assert.ok(["celsius", "fahrenheit"].includes(input.unit), JSON.stringify(input));
  if ("days" in input) assert.ok(Number.isInteger(input.days));
}

/** The body of InvokeModel with Claude. */
export const claudeBody = (nonce, more = {}) =>
  JSON.stringify({
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: MAX_TOKENS,
    messages: [{ role: "user", content: `${nonce}\nSay something.` }],
    ...more,
  });

export const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/** Collects a stream; what it threw at its end stands beside what came before. */
export async function collect(stream) {
  const events = [];
  try {
    for await (const event of stream) events.push(event);
  } catch (thrown) {
    return { events, thrown };
  }
  return { events };
}

/** What a promise is rejected with. */
export async function rejection(promise) {
  try {
    await promise;
  } catch (thrown) {
    return thrown;
  }
  return assert.fail("the call went through");
}
