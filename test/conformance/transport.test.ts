/** What every transport promises, shown over a real nats-server and over the simulated network. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type {
  InboundMessage,
  Transport,
  TransportProblem,
} from "../../infra/transport/transport.ts";
import {
  connected,
  flushed,
  realHarness,
  simulatedHarness,
  webSocketHarness,
  type TransportHarness,
} from "./transport-harness.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Subscribes and keeps the text of what arrives. */
function collect(transport: Transport, subject: string): string[] {
  const received: string[] = [];
  transport.subscribe(subject, (message) => received.push(text(message.payload)));
  return received;
}

function failureOf(act: () => void): SynodError {
  try {
    act();
  } catch (failure) {
    if (failure instanceof SynodError) return failure;
    throw failure;
  }
  throw new Error("nothing was thrown");
}

describe.each([
  ["transport over nats-server", realHarness],
  ["transport over nats-server's WebSocket", webSocketHarness],
  ["simulated transport", simulatedHarness],
])("%s", (_name, makeHarness) => {
  let harness: TransportHarness;
  beforeAll(async () => {
    harness = await makeHarness();
  });
  afterEach(() => harness.closeTransports());
  afterAll(() => harness.end());

  async function pair(): Promise<[Transport, Transport]> {
    return [await connected(harness), await connected(harness)];
  }

  test("a message arrives with its subject, payload, reply subject and headers", async () => {
    const [sender, receiver] = await pair();
    const seen: unknown[] = [];
    receiver.subscribe("one.*", (message: InboundMessage) => {
      seen.push({
        subject: message.subject,
        payload: text(message.payload),
        reply: message.reply,
        header: message.header("Synod-Revision"),
        empty: message.header("Empty"),
        otherCase: message.header("synod-revision"),
        absent: message.header("Absent"),
        headers: message.headers,
      });
    });
    await flushed(harness, receiver);
    const headers = { "Synod-Revision": "12:34 é", Empty: "" };
    sender.publish("one.a", bytes("hello"), { reply: "_INBOX.x.1", headers });
    sender.publish("one.b", new Uint8Array(0));
    await harness.until("both messages arrive", () => seen.length === 2);
    const absent = { otherCase: undefined, absent: undefined };
    expect(seen).toEqual([
      {
        subject: "one.a",
        payload: "hello",
        reply: "_INBOX.x.1",
        header: "12:34 é",
        empty: "",
        headers: "some",
        ...absent,
      },
      {
        subject: "one.b",
        payload: "",
        reply: undefined,
        header: undefined,
        empty: undefined,
        headers: "none",
        ...absent,
      },
    ]);
  });

  test("wildcards reach what they reach in NATS", async () => {
    const [sender, receiver] = await pair();
    const patterns = ["w.a", "w.*", "w.>", "w.*.c", "w.a.>", "*.a", "w.*.*", "x.>"];
    const subjects = ["w", "w.a", "w.b", "w.a.c", "w.b.c", "w.a.b.c", "v.a", "w.a.c.d", "w.ab"];
    const reached: string[] = [];
    for (const pattern of patterns) {
      receiver.subscribe(pattern, (message) => reached.push(`${pattern} ${message.subject}`));
    }
    const ends = collect(receiver, "end");
    await flushed(harness, receiver);
    for (const subject of [...subjects, "end"]) sender.publish(subject, new Uint8Array(0));
    await harness.until("the last message arrives", () => ends.length === 1);
    const expected = {
      "w.a": ["w.a"],
      "w.*": ["w.a", "w.b", "w.ab"],
      "w.>": ["w.a", "w.b", "w.a.c", "w.b.c", "w.a.b.c", "w.a.c.d", "w.ab"],
      "w.*.c": ["w.a.c", "w.b.c"],
      "w.a.>": ["w.a.c", "w.a.b.c", "w.a.c.d"],
      "*.a": ["w.a", "v.a"],
      "w.*.*": ["w.a.c", "w.b.c"],
    };
    const all = Object.entries(expected).flatMap(([pattern, subjects]) =>
      subjects.map((subject) => `${pattern} ${subject}`),
    );
    expect(reached.sort()).toEqual(all.sort());
  });

  test("messages of one sender arrive once each and in order", async () => {
    const [sender, receiver] = await pair();
    const received = collect(receiver, "order.>");
    await flushed(harness, receiver);
    const sent = Array.from({ length: 500 }, (_unused, index) => String(index));
    for (const content of sent) sender.publish(`order.${content}`, bytes(content));
    await harness.until("the last arrives", () => received.includes("499"));
    expect(received).toEqual(sent);
  });

  test("own messages come back unless echo is off", async () => {
    const loud = await connected(harness);
    const quiet = await connected(harness, { noEcho: true });
    const heardByLoud = collect(loud, "echo.*");
    const heardByQuiet = collect(quiet, "echo.*");
    await flushed(harness, loud);
    await flushed(harness, quiet);
    loud.publish("echo.a", bytes("loud"));
    await flushed(harness, loud);
    quiet.publish("echo.a", bytes("quiet"));
    await harness.until("both are heard", () => heardByLoud.length === 2);
    await harness.until("the other's is heard", () => heardByQuiet.length === 1);
    expect(heardByLoud.sort()).toEqual(["loud", "quiet"]);
    expect(heardByQuiet).toEqual(["loud"]);
  });

  test("a handler that closes its subscription is not called again", async () => {
    const [sender, receiver] = await pair();
    const received: string[] = [];
    const subscription = receiver.subscribe("closing", (message) => {
      received.push(text(message.payload));
      subscription.close();
      subscription.close();
    });
    const ends = collect(receiver, "end");
    await flushed(harness, receiver);
    for (const content of ["1", "2", "3"]) sender.publish("closing", bytes(content));
    sender.publish("end", bytes("end"));
    await harness.until("the end arrives", () => ends.length === 1);
    expect(received).toEqual(["1"]);
  });

  test("an exception in a handler is reported and touches no other message or handler", async () => {
    const problems: TransportProblem[] = [];
    const sender = await connected(harness);
    const receiver = await connected(harness, { onProblem: (problem) => problems.push(problem) });
    const boom = new Error("boom");
    receiver.subscribe("throwing.*", (message) => {
      if (message.subject === "throwing.now") throw boom;
    });
    const received = collect(receiver, "throwing.>");
    await flushed(harness, receiver);
    sender.publish("throwing.now", bytes("1"));
    sender.publish("throwing.later", bytes("2"));
    await harness.until("the other handler gets both", () => received.length === 2);
    expect(problems).toEqual([{ kind: "handler failed", subject: "throwing.now", cause: boom }]);
  });

  test("an exception in a connection listener is reported, and the other listeners are told", async () => {
    const problems: TransportProblem[] = [];
    const transport = harness.open({ onProblem: (problem) => problems.push(problem) });
    const boom = new Error("boom");
    const changes: boolean[] = [];
    transport.onConnectionChange(() => {
      throw boom;
    });
    transport.onConnectionChange((isConnected) => changes.push(isConnected));
    await harness.until("it connects", () => transport.connected);
    expect(changes).toEqual([true]);
    expect(problems).toEqual([{ kind: "listener failed", cause: boom }]);
  });

  test("what is no subject is refused before anything is sent", async () => {
    const [sender, receiver] = await pair();
    const received = collect(receiver, ">");
    await flushed(harness, receiver);
    const bad = ["", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB x 0", "a\t", "*", "a.*", "a.>", "ä"];
    for (const subject of [...bad, "x".repeat(5_000)]) {
      expect(failureOf(() => sender.publish(subject, bytes("1"))).code).toBe("BAD_REQUEST");
      const reply = { reply: subject };
      expect(failureOf(() => sender.publish("a", bytes("1"), reply)).code).toBe("BAD_REQUEST");
    }
    for (const subject of ["", "a.", "a..b", "a b", "a.>.b", "a*", "a.>b", "a\n", "ä"]) {
      expect(failureOf(() => receiver.subscribe(subject, () => {})).code).toBe("BAD_REQUEST");
    }
    sender.publish("good", bytes("good"));
    await harness.until("the good one arrives", () => received.length > 0);
    expect(received).toEqual(["good"]);
  });

  test("the longest subject and reply that are accepted are also carried", async () => {
    const [sender, receiver] = await pair();
    const replies: (string | undefined)[] = [];
    receiver.subscribe("long.*", (message) => replies.push(message.reply));
    await flushed(harness, receiver);
    const subject = `long.${"s".repeat(1_940)}`;
    const reply = "r".repeat(1_955);
    expect(failureOf(() => sender.publish(subject, bytes("1"), { reply: `${reply}r` })).code).toBe(
      "BAD_REQUEST",
    );
    sender.publish(subject, bytes("1"), { reply });
    await harness.until("it arrives", () => replies.length === 1);
    expect(replies).toEqual([reply]);
  });

  test("a header that could end the headers early is refused", async () => {
    const [sender] = await pair();
    for (const headers of [
      { a: "b\r\nc: d" },
      { a: "\n" },
      { "": "b" },
      { "a b": "c" },
      { "a:": "" },
    ]) {
      const failure = failureOf(() => sender.publish("a", bytes("1"), { headers }));
      expect(failure.code).toBe("BAD_REQUEST");
    }
  });

  test("a payload of the size limit is carried, one byte more is refused", async () => {
    const [sender, receiver] = await pair();
    const sizes: number[] = [];
    receiver.subscribe("size", (message) => {
      sizes.push(message.payload.length);
      expect(message.payload.every((byte) => byte === 7)).toBe(true);
    });
    await flushed(harness, receiver);
    const limit = sender.payloadBytesMax;
    expect(limit).toBe(1024 * 1024);
    const tooLarge = failureOf(() => sender.publish("size", new Uint8Array(limit + 1)));
    expect(tooLarge.code).toBe("FRAME_TOO_LARGE");
    expect(tooLarge.message).toContain("1048577 bytes to size");
    sender.publish("size", new Uint8Array(limit).fill(7));
    await harness.until("it arrives", () => sizes.length === 1);
    expect(sizes).toEqual([limit]);
  });

  test("headers count towards the size limit", async () => {
    const [sender, receiver] = await pair();
    const sizes: number[] = [];
    receiver.subscribe("size", (message) => sizes.push(message.payload.length));
    await flushed(harness, receiver);
    // NATS/1.0, line end, "a: b", line end, line end.
    const headers = { a: "b" };
    const limit = sender.payloadBytesMax - 10 - 6 - 2;
    const publish = (size: number): void =>
      sender.publish("size", new Uint8Array(size), { headers });
    expect(failureOf(() => publish(limit + 1)).code).toBe("FRAME_TOO_LARGE");
    publish(limit);
    await harness.until("it arrives", () => sizes.length === 1);
    expect(sizes).toEqual([limit]);
  });

  test("a payload may be reused after the turn in which it was published", async () => {
    const [sender, receiver] = await pair();
    const received = collect(receiver, "reuse");
    await flushed(harness, receiver);
    const payload = bytes("first");
    sender.publish("reuse", payload);
    await flushed(harness, sender);
    payload.set(bytes("other"));
    sender.publish("reuse", payload);
    await harness.until("both arrive", () => received.length === 2);
    expect(received).toEqual(["first", "other"]);
  });

  test("replies reach the inbox of the connection that asked, and no other", async () => {
    const [asker, answerer] = await pair();
    const bystander = await connected(harness);
    expect(asker.inboxPrefix).toMatch(/^_INBOX\.[^.]+$/);
    expect(asker.inboxPrefix).not.toBe(bystander.inboxPrefix);
    const answers = collect(asker, `${asker.inboxPrefix}.*`);
    const overheard = collect(bystander, `${bystander.inboxPrefix}.*`);
    answerer.subscribe("question", (message) => {
      answerer.publish(message.reply ?? "nowhere", bytes(`re: ${text(message.payload)}`));
    });
    await flushed(harness, answerer);
    asker.publish("question", bytes("why?"), { reply: `${asker.inboxPrefix}.1` });
    await harness.until("the answer arrives", () => answers.length === 1);
    expect(answers).toEqual(["re: why?"]);
    expect(overheard).toEqual([]);
  });

  test("what is published while disconnected is dropped, counted, and never arrives", async () => {
    const [sender, receiver] = await pair();
    const received = collect(receiver, "gap");
    await flushed(harness, receiver);
    await harness.stopServer();
    await harness.until("both notice", () => !sender.connected && !receiver.connected);
    sender.publish("gap", bytes("lost"));
    await harness.startServer();
    sender.publish("gap", bytes("lost as well"));
    await harness.until("both are back", () => sender.connected && receiver.connected);
    sender.publish("gap", bytes("kept"));
    await harness.until("the later one arrives", () => received.length > 0);
    expect(received).toEqual(["kept"]);
    expect(sender.counters).toEqual({ published: 1, received: 0, droppedWhileDisconnected: 2 });
    expect(receiver.counters.received).toBe(1);
  });

  test("a reconnect raises the connection's number, and is told before anything arrives on it", async () => {
    const [sender, receiver] = await pair();
    const trace: string[] = [];
    receiver.onConnectionChange((isConnected) =>
      trace.push(`${isConnected ? "connected" : "disconnected"} ${receiver.connection}`),
    );
    receiver.subscribe("numbered", () => trace.push(`message ${receiver.connection}`));
    await flushed(harness, receiver);
    const first = receiver.connection;
    sender.publish("numbered", bytes("1"));
    await harness.until("the first arrives", () => trace.length === 1);
    await harness.stopServer();
    await harness.startServer();
    await harness.until("both are back", () => trace.length === 3 && sender.connected);
    sender.publish("numbered", bytes("2"));
    await harness.until("the second arrives", () => trace.length === 4);
    expect(receiver.connection).toBe(first + 1);
    expect(trace).toEqual([
      `message ${first}`,
      `disconnected ${first}`,
      `connected ${first + 1}`,
      `message ${first + 1}`,
    ]);
  });

  test("a subscription opened or closed while disconnected is so once connected again", async () => {
    const [sender, receiver] = await pair();
    const closedEarly: string[] = [];
    const early = receiver.subscribe("early", (message) => closedEarly.push(text(message.payload)));
    await flushed(harness, receiver);
    await harness.stopServer();
    await harness.until("it is noticed", () => !receiver.connected);
    early.close();
    const openedLate = collect(receiver, "late");
    await harness.startServer();
    await harness.until("both are back", () => sender.connected && receiver.connected);
    sender.publish("early", bytes("early"));
    sender.publish("late", bytes("late"));
    await harness.until("the late one arrives", () => openedLate.length === 1);
    expect(closedEarly).toEqual([]);
  });

  test("the first connection is tried until there is a server", async () => {
    await harness.stopServer();
    const attempts: TransportProblem[] = [];
    const transport = harness.open({ onProblem: (problem) => attempts.push(problem) });
    await harness.until("it tried more than once", () => attempts.length > 1);
    expect(transport.connected).toBe(false);
    expect(transport.connection).toBe(0);
    await harness.startServer();
    await harness.until("it connects", () => transport.connected);
    expect(transport.connection).toBe(1);
    expect(new Set(attempts.map((attempt) => attempt.kind))).toEqual(new Set(["not connected"]));
  });

  test("a flush that cannot be answered fails instead of hanging", async () => {
    const transport = await connected(harness);
    const outcomes: string[] = [];
    const note = (failure: Error | undefined): void => {
      outcomes.push(failure instanceof SynodError ? failure.code : "taken");
    };
    await harness.stopServer();
    transport.flush(note);
    transport.flush(note);
    expect(outcomes).toEqual([]);
    await harness.until("the loss is noticed", () => !transport.connected);
    await harness.until("both are answered", () => outcomes.length === 2);
    transport.flush(note);
    expect(outcomes).toHaveLength(2);
    await harness.until("the third is answered", () => outcomes.length === 3);
    expect(new Set(outcomes)).toEqual(new Set(["NOT_CONNECTED"]));
    await harness.startServer();
  });

  test("a transport that is closed before it connected never connects, and says nothing", async () => {
    const problems: TransportProblem[] = [];
    const note = { onProblem: (problem: TransportProblem) => problems.push(problem) };
    const early = harness.open(note);
    await early.close();
    await harness.stopServer();
    const hopeless = harness.open(note);
    await hopeless.close();
    await harness.startServer();
    const other = await connected(harness);
    await flushed(harness, other);
    expect([early.connection, hopeless.connection]).toEqual([0, 0]);
    expect(problems).toEqual([]);
  });

  test("closing lets what was published leave, and nothing else comes or goes", async () => {
    const [closing, other] = await pair();
    const receivedByOther = collect(other, "leaving");
    const receivedByClosing = collect(closing, "leaving.back");
    const changes: boolean[] = [];
    closing.onConnectionChange((isConnected) => changes.push(isConnected));
    await flushed(harness, other);
    await flushed(harness, closing);
    closing.publish("leaving", bytes("last words"));
    const closed = closing.close();
    expect(closing.connected).toBe(false);
    closing.publish("leaving", bytes("from beyond"));
    other.publish("leaving.back", bytes("too late"));
    await closed;
    await closing.close();
    expect(closing.connected).toBe(false);
    const subscription = closing.subscribe("leaving", () => {
      throw new Error("a closed transport received a message");
    });
    await harness.until("the last words arrive", () => receivedByOther.length > 0);
    await harness.stopServer();
    await harness.startServer();
    await harness.until("the other is back", () => other.connection > 1 && other.connected);
    other.publish("leaving", bytes("anybody?"));
    await harness.until("the other hears itself", () => receivedByOther.length === 2);
    subscription.close();
    expect(receivedByOther).toEqual(["last words", "anybody?"]);
    expect(receivedByClosing).toEqual([]);
    expect(changes).toEqual([false]);
  });
});
