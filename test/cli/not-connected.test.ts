/** What a command says that found no NATS server. */
import { expect, test } from "vitest";
import { notConnected, withoutPassword } from "../../cli/connection/not-connected.ts";

test.each([
  ["nats://127.0.0.1:4222", "nats://127.0.0.1:4222"],
  ["nats://ann:secret@10.0.0.5:4222", "nats://10.0.0.5:4222"],
  ["nats://ann:s@cret@10.0.0.5:4222", "nats://10.0.0.5:4222"],
])("of %s it repeats %s", (server, repeated) => {
  expect(withoutPassword(server)).toBe(repeated);
});

test("a login that is refused is said in words, with what to do", () => {
  const access = { servers: ["nats://10.0.0.5:4222"] };
  const place = { access, prefix: "synod", origin: "from --servers" };
  const failure = notConnected(place, new Error("'Authorization Violation'"));
  expect(failure.message).toContain("the server refuses this login");
  expect(failure.nextStep).toContain("--user");
});
