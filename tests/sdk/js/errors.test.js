// What the SDK throws when Bedrock fails: the modelled class, before and within a stream, and the attempts it made.

import assert from "node:assert/strict";

import * as sdk from "@aws-sdk/client-bedrock-runtime";

import {
  CLAUDE, JSON_TYPE, claudeBody, collect, conforms, conversation, error, nonceOf, rejection, using, wholeTokens,
} from "./support.js";

const { BedrockRuntimeServiceException, ConverseCommand, ConverseStreamCommand } = sdk;
const { InvokeModelCommand, InvokeModelWithResponseStreamCommand } = sdk;

const COMMANDS = {
  Converse: (nonce) => new ConverseCommand(conversation(nonce)),
  ConverseStream: (nonce) => new ConverseStreamCommand(conversation(nonce)),
  InvokeModel: (nonce) => new InvokeModelCommand({ modelId: CLAUDE, contentType: JSON_TYPE, body: claudeBody(nonce) }),
  InvokeModelWithResponseStream: (nonce) =>
    new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, contentType: JSON_TYPE, body: claudeBody(nonce) }),
};

// fault, class, status, whose fault, attempts
const ERRORS = [
  ["throttling-requests", "ThrottlingException", 429, "client", 3],
  ["throttling-tokens", "ThrottlingException", 429, "client", 3],
  ["model-not-ready", "ModelNotReadyException", 429, "client", 3],
  ["model-timeout", "ModelTimeoutException", 408, "client", 1],
  ["model-error", "ModelErrorException", 424, "client", 1],
  ["internal-server", "InternalServerException", 500, "server", 3],
  ["service-unavailable", "ServiceUnavailableException", 503, "server", 3],
  ["access-denied", "AccessDeniedException", 403, "client", 1],
  ["validation", "ValidationException", 400, "client", 1],
  ["resource-not-found", "ResourceNotFoundException", 404, "client", 1],
  ["service-quota-exceeded", "ServiceQuotaExceededException", 400, "client", 1],
];

for (const [fault, name, status, whose, attempts] of ERRORS) {
  for (const [operation, command] of Object.entries(COMMANDS)) {
    conforms([error(name, name)], `${fault} of ${operation}`, () =>
      using({ fault: `error=${fault}` }, async (client) => {
        const thrown = await rejection(client.send(command(nonceOf(fault + operation))));
        assert.ok(thrown instanceof sdk[name], `${thrown.name}: ${thrown.message}`);
        assert.equal(thrown.name, name);
        assert.equal(thrown.$fault, whose);
        assert.equal(thrown.$metadata.httpStatusCode, status);
        assert.match(thrown.$metadata.requestId, /^[0-9a-f-]{36}$/);
        assert.ok(thrown.message);
        assert.equal(thrown.$metadata.attempts, attempts);
        assert.equal(client.attempts, attempts);
      }));
  }
}

conforms([error("ModelErrorException", "ModelErrorException")], "a model error says whose status it was", () =>
  using({ fault: "error=model-error" }, async (client) => {
    const thrown = await rejection(client.send(COMMANDS.Converse(nonceOf("model-error"))));
    assert.ok(thrown.originalStatusCode >= 100 && thrown.originalStatusCode <= 599);
    assert.ok(thrown.resourceName);
  }));

conforms([error("ValidationException", "ValidationException")], "an unknown model is a validation error", () =>
  using({}, async (client) => {
    const input = { ...conversation(nonceOf("unknown")), modelId: "nobody.nothing-v1:0" };
    const thrown = await rejection(client.send(new ConverseCommand(input)));
    assert.ok(thrown instanceof sdk.ValidationException);
    assert.equal(thrown.message, "The provided model identifier is invalid.");
  }));

// --- Credentials ----------------------------------------------------------------------------------------------

// Errors of the front end are not in the service's model: the base class, by their name.
const REFUSED = [
  [{ accessKeyId: "AKIDSOMEBODYELSE" }, "UnrecognizedClientException"],
  [{ sessionToken: "no-such-session" }, "UnrecognizedClientException"],
  [{ secretAccessKey: "another-secret-key" }, "InvalidSignatureException"],
];

for (const [credentials, name] of REFUSED) {
  const raises = "BedrockRuntimeServiceException";
  conforms([error(name, raises)], `refused: ${Object.keys(credentials)[0]}`, () =>
    using({ credentials }, async (client) => {
      const thrown = await rejection(client.send(COMMANDS.Converse(nonceOf("refused"))));
      assert.ok(thrown instanceof BedrockRuntimeServiceException);
      assert.equal(thrown.name, name);
      assert.equal(thrown.$metadata.httpStatusCode, 403);
    }));
}

conforms(
  [error("MissingAuthenticationTokenException", "BedrockRuntimeServiceException")],
  "refused: no signature",
  () =>
    using({ signer: { sign: async (request) => request } }, async (client) => {
      const thrown = await rejection(client.send(COMMANDS.Converse(nonceOf("unsigned"))));
      assert.ok(thrown instanceof BedrockRuntimeServiceException);
      assert.equal(thrown.name, "MissingAuthenticationTokenException");
      assert.equal(thrown.$metadata.httpStatusCode, 403);
    }),
);

// --- Within a stream ------------------------------------------------------------------------------------------

const BOTH = ["ConverseStream", "InvokeModelWithResponseStream"];
// fault, class, operations whose streams have it
const MEMBERS = [
  ["throttling-tokens", "ThrottlingException", BOTH],
  ["internal-server", "InternalServerException", BOTH],
  ["service-unavailable", "ServiceUnavailableException", BOTH],
  ["model-stream-error", "ModelStreamErrorException", BOTH],
  ["validation", "ValidationException", BOTH],
  ["model-timeout", "ModelTimeoutException", ["InvokeModelWithResponseStream"]],
];

function textIn(operation, events) {
  const piece = (event) => event.contentBlockDelta?.delta.text ?? "";
  const chunk = (event) => JSON.parse(new TextDecoder().decode(event.chunk.bytes)).delta?.text ?? "";
  return events.map(operation === "ConverseStream" ? piece : chunk).join("");
}

for (const [fault, name, operations] of MEMBERS) {
  for (const operation of operations) {
    conforms([error(`${name} in a stream`, name)], `${fault} within ${operation}`, () =>
      using({ fault: `in_band_error=${fault}:3 events` }, async (client) => {
        const nonce = nonceOf(fault + operation);
        const answer = await client.send(COMMANDS[operation](nonce));
        const { events, thrown } = await collect(answer.stream ?? answer.body);
        assert.ok(thrown instanceof sdk[name], `${thrown?.name}: ${thrown?.message}`);
        assert.equal(thrown.name, name);
        assert.ok(thrown.message);
        assert.equal(events.length, 3);
        wholeTokens(nonce, textIn(operation, events));
        assert.equal(client.attempts, 1);
      }));
  }
}

// The SDK waits for a stream's first frame before the call returns, and so retries an exception that stands there.
for (const operation of BOTH) {
  const name = "ThrottlingException";
  conforms([error(`${name} in a stream`, name)], `${operation} that begins with an exception`, () =>
    using({ fault: "in_band_error=throttling-tokens:0 events" }, async (client) => {
      const thrown = await rejection(client.send(COMMANDS[operation](nonceOf(operation))));
      assert.ok(thrown instanceof sdk[name], `${thrown.name}: ${thrown.message}`);
      assert.equal(client.attempts, 3);
    }));
}
