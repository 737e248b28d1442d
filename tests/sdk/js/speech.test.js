// InvokeModelWithBidirectionalStream: a session with Nova Sonic, both ways open at once over HTTP/2.

import assert from "node:assert/strict";

import { InvokeModelWithBidirectionalStreamCommand } from "@aws-sdk/client-bedrock-runtime";

import { call, checkArguments, conforms, decode, error, nonceOf, rejection, using, wholeTokens } from "./support.js";

const CALL = "InvokeModelWithBidirectionalStream";
const NOVA = "amazon.nova-sonic-v1:0";
const NOVA_2 = "amazon.nova-2-sonic-v1:0";
const RATE = 16000;
const MAX_TOKENS = 24;

// --- The client's side ----------------------------------------------------------------------------------------

/** What a session sends, event by event, for as long as the test wants. */
class Microphone {
  #waiting = [];
  #wake = () => {};

  say(event, members = {}) {
    this.#put({ chunk: { bytes: new TextEncoder().encode(JSON.stringify({ event: { [event]: members } })) } });
  }

  raw(bytes) {
    this.#put({ chunk: { bytes } });
  }

  hangUp() {
    this.#put(null);
  }

  #put(item) {
    this.#waiting.push(item);
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (!this.#waiting.length) await new Promise((resolve) => (this.#wake = resolve));
      const item = this.#waiting.shift();
      if (item === null) return;
      yield item;
    }
  }

  begin(maxTokens = MAX_TOKENS, tools = {}) {
    this.say("sessionStart", { inferenceConfiguration: { maxTokens, topP: 0.9, temperature: 0.7 } });
    this.say("promptStart", {
      promptName: "p",
      textOutputConfiguration: { mediaType: "text/plain" },
      audioOutputConfiguration: {
        mediaType: "audio/lpcm", sampleRateHertz: RATE, sampleSizeBits: 16, channelCount: 1, voiceId: "tiffany",
        encoding: "base64", audioType: "SPEECH",
      },
      ...tools,
    });
  }

  text(contentName, content, role = "USER") {
    const names = { promptName: "p", contentName };
    const textInputConfiguration = { mediaType: "text/plain" };
    const interactive = role === "USER";
    this.say("contentStart", { ...names, type: "TEXT", interactive, role, textInputConfiguration });
    this.say("textInput", { ...names, content });
    this.say("contentEnd", names);
  }

  listen(contentName) {
    const audioInputConfiguration = {
      mediaType: "audio/lpcm", sampleRateHertz: RATE, sampleSizeBits: 16, channelCount: 1, audioType: "SPEECH",
      encoding: "base64",
    };
    const interactive = true;
    const names = { promptName: "p", contentName };
    this.say("contentStart", { ...names, type: "AUDIO", interactive, role: "USER", audioInputConfiguration });
  }

  /** A tone, or silence, in frames of 32 ms. */
  audio(contentName, milliseconds, height) {
    for (let at = 0; at < milliseconds; at += 32) {
      const frame = new Int16Array((RATE * 32) / 1000);
      frame.forEach((_, sample) => (frame[sample] = height * Math.sin(sample / 8)));
      const content = Buffer.from(frame.buffer).toString("base64");
      this.say("audioInput", { promptName: "p", contentName, content });
    }
  }

  end() {
    this.say("promptEnd", { promptName: "p" });
    this.say("sessionEnd");
    this.hangUp();
  }
}

// --- The model's side -----------------------------------------------------------------------------------------

/** What comes back, one event after the other. */
class Ear {
  constructor(body) {
    this.events = body[Symbol.asyncIterator]();
  }

  async next() {
    const { done, value } = await this.events.next();
    if (done) return undefined;
    const [[name, members]] = Object.entries(decode(value.chunk.bytes).event);
    return { name, ...members };
  }

  /** Everything up to the first that is as wanted. */
  async until(wanted) {
    const all = [];
    for (;;) {
      const event = await this.next();
      assert.ok(event, `the answer ended after ${JSON.stringify(all.map(({ name }) => name))}`);
      all.push(event);
      if (wanted(event)) return all;
    }
  }

  async rest() {
    const all = [];
    for (let event = await this.next(); event; event = await this.next()) all.push(event);
    return all;
  }
}

const isTurnsEnd = ({ name, type, stopReason }) => name === "contentEnd" && type === "TEXT" && stopReason === "END_TURN";

/** The texts of a role and stage, put together. */
function words(events, role, stage) {
  const starts = events.filter((event) => event.name === "contentStart" && event.type === "TEXT" && event.role === role);
  const ids = starts
    .filter((event) => JSON.parse(event.additionalModelFields).generationStage === stage)
    .map((event) => event.contentId);
  return events.filter(({ name, contentId }) => name === "textOutput" && ids.includes(contentId))
    .map(({ content }) => content).join("");
}

/** Opens a session on a client. */
async function open(client, modelId, microphone) {
  const answer = await client.send(new InvokeModelWithBidirectionalStreamCommand({ modelId, body: microphone }));
  return new Ear(answer.body);
}

conforms([call(CALL, "stream"), call(CALL, "usage")], "a typed turn, while the request goes on", () =>
  using({}, async (client) => {
    const nonce = nonceOf("speech");
    const microphone = new Microphone();
    microphone.begin();
    microphone.text("system", "You are brief.", "SYSTEM");
    microphone.text("hello", `${nonce}\nSay something.`);
    const ear = await open(client, NOVA_2, microphone);
    const turn = await ear.until(isTurnsEnd);
    const tokens = wholeTokens(nonce, words(turn, "ASSISTANT", "FINAL"));
    assert.ok(tokens > 0 && tokens <= MAX_TOKENS);
    assert.equal(words(turn, "ASSISTANT", "SPECULATIVE"), words(turn, "ASSISTANT", "FINAL"));
    assert.equal(turn[0].name, "completionStart");
    // The same session hears and answers again.
    const again = nonceOf("speech again");
    microphone.text("again", again);
    const second = await ear.until(isTurnsEnd);
    wholeTokens(again, words(second, "ASSISTANT", "FINAL"));
    microphone.end();
    const rest = await ear.rest();
    assert.deepEqual(rest.map(({ name }) => name), ["usageEvent", "completionEnd"]);
    const usage = rest[0];
    assert.equal(usage.totalTokens, usage.totalInputTokens + usage.totalOutputTokens);
    const { input, output } = usage.details.total;
    assert.equal(usage.totalOutputTokens, output.speechTokens + output.textTokens);
    assert.ok(input.textTokens > 0 && output.textTokens > tokens);
    assert.equal(client.attempts, 1);
  }));

conforms([call(CALL, "stream")], "a spoken turn: transcript, words, speech", () =>
  using({}, async (client) => {
    const nonce = nonceOf("spoken");
    const microphone = new Microphone();
    microphone.begin();
    microphone.text("before", nonce);
    microphone.listen("mic");
    microphone.audio("mic", 1500, 6000);
    microphone.audio("mic", 2000, 0);
    const ear = await open(client, NOVA, microphone);
    const turn = await ear.until(isTurnsEnd);
    assert.match(words(turn, "USER", "FINAL"), /^[A-Z][a-z ]+\.$/);
    const said = words(turn, "ASSISTANT", "FINAL");
    wholeTokens(nonce, said);
    const start = turn.find(({ name, type }) => name === "contentStart" && type === "AUDIO");
    assert.equal(start.audioOutputConfiguration.sampleRateHertz, RATE);
    const parts = turn.filter(({ name }) => name === "audioOutput").map(({ content }) => Buffer.from(content, "base64"));
    const speech = Buffer.concat(parts);
    assert.equal(speech.length, (said.length * 60 * RATE * 2) / 1000);
    const samples = new Int16Array(speech.buffer, speech.byteOffset, speech.length / 2);
    assert.ok(samples.some((sample) => sample > 5000) && samples.some((sample) => sample < -5000));
    microphone.end();
    await ear.rest();
  }));

conforms([call(CALL, "stream tool")], "a tool within a session", () =>
  using({}, async (client) => {
    const nonce = nonceOf("speech tool");
    const schema = {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
    };
    const spec = { name: "weather", description: "The weather.", inputSchema: { json: JSON.stringify(schema) } };
    const microphone = new Microphone();
    microphone.begin(400, {
      toolUseOutputConfiguration: { mediaType: "application/json" },
      toolConfiguration: { tools: [{ toolSpec: spec }] },
    });
    microphone.text("hello", nonce);
    const ear = await open(client, NOVA_2, microphone);
    const called = await ear.until(({ name, stopReason }) => name === "contentEnd" && stopReason === "TOOL_USE");
    const use = called.find(({ name }) => name === "toolUse");
    assert.equal(use.toolName, "weather");
    checkArguments(JSON.parse(use.content));
    const names = { promptName: "p", contentName: "result" };
    const textInputConfiguration = { mediaType: "text/plain" };
    const toolResultInputConfiguration = { toolUseId: use.toolUseId, type: "TEXT", textInputConfiguration };
    microphone.say("contentStart", {
      ...names, interactive: false, type: "TOOL", role: "TOOL", toolResultInputConfiguration,
    });
    microphone.say("toolResult", { ...names, content: '{"sky":"clear"}' });
    microphone.say("contentEnd", names);
    wholeTokens(nonce, words(await ear.until(isTurnsEnd), "ASSISTANT", "FINAL"));
    microphone.end();
    await ear.rest();
  }));

conforms([error("ValidationException in a stream", "ValidationException")], "what is wrong is told in the stream", () =>
  using({}, async (client) => {
    const microphone = new Microphone();
    microphone.begin();
    microphone.say("contentEnd", { promptName: "p", contentName: "none" });
    const thrown = await rejection(open(client, NOVA_2, microphone).then((ear) => ear.rest()));
    assert.equal(thrown.name, "ValidationException");
    assert.equal(thrown.message, "No open content found for content name: none");
    microphone.hangUp();
  }));

// --- Errors ---------------------------------------------------------------------------------------------------

const BEFORE = [
  ["throttling-tokens", "ThrottlingException", 429],
  ["model-timeout", "ModelTimeoutException", 408],
  ["internal-server", "InternalServerException", 500],
  ["service-unavailable", "ServiceUnavailableException", 503],
  ["access-denied", "AccessDeniedException", 403],
  ["validation", "ValidationException", 400],
  ["resource-not-found", "ResourceNotFoundException", 404],
];

for (const [fault, name, status] of BEFORE) {
  conforms([error(name, name)], `${fault} before a session`, () =>
    // A request that is sent bit by bit cannot be sent again.
    using({ fault: `error=${fault}`, maxAttempts: 1 }, async (client) => {
      const microphone = new Microphone();
      microphone.begin();
      const thrown = await rejection(open(client, NOVA_2, microphone));
      microphone.hangUp();
      assert.equal(thrown.name, name);
      assert.equal(thrown.$metadata.httpStatusCode, status);
    }));
}

const WITHIN = [
  ["throttling-tokens", "ThrottlingException"],
  ["internal-server", "InternalServerException"],
  ["service-unavailable", "ServiceUnavailableException"],
  ["model-stream-error", "ModelStreamErrorException"],
  ["model-timeout", "ModelTimeoutException"],
  ["validation", "ValidationException"],
];

for (const [fault, name] of WITHIN) {
  conforms([error(`${name} in a stream`, name)], `${fault} within a session`, () =>
    using({ fault: `in_band_error=${fault}:3 events` }, async (client) => {
      const microphone = new Microphone();
      microphone.begin();
      microphone.text("hello", nonceOf(`speech ${fault}`));
      const ear = await open(client, NOVA_2, microphone);
      for (let event = 0; event < 3; event += 1) assert.ok(await ear.next());
      const thrown = await rejection(ear.rest());
      microphone.hangUp();
      assert.equal(thrown.name, name);
    }));
}

conforms([error("InvalidSignatureException", "BedrockRuntimeServiceException")], "a session with a wrong key", () =>
  using({ credentials: { secretAccessKey: "another-secret-key" }, maxAttempts: 1 }, async (client) => {
    const microphone = new Microphone();
    microphone.begin();
    const thrown = await rejection(open(client, NOVA_2, microphone));
    microphone.hangUp();
    assert.equal(thrown.name, "InvalidSignatureException");
    assert.equal(thrown.$metadata.httpStatusCode, 403);
  }));
