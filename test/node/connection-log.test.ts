import { expect, test } from "vitest";
import { ConnectionLog } from "../../actors/node/connection-log.ts";

function connectionLog(): { readonly connection: ConnectionLog; readonly lines: string[] } {
  const lines: string[] = [];
  const log = (what: string, { cause }: Readonly<Record<string, unknown>>): void => {
    lines.push(typeof cause === "string" ? `${what}: ${cause}` : what);
  };
  return { connection: new ConnectionLog({ log, node: "n1", purpose: "peers" }), lines };
}

function failedAttempt(cause: unknown) {
  return { kind: "not connected", cause } as const;
}

test("attempts to connect are told once for each cause, and so is the end of the trouble", () => {
  const { connection, lines } = connectionLog();
  connection.connected();
  expect(lines).toEqual([]);
  connection.noteProblem(failedAttempt(new Error("the server is gone")));
  for (let attempt = 0; attempt < 100; attempt++) {
    connection.noteProblem(failedAttempt(new Error("REFUSED")));
    connection.noteProblem(failedAttempt("TIMEOUT"));
  }
  connection.connected();
  expect(lines).toEqual([
    "not connected to NATS, and trying again until it is: the server is gone",
    "not connected to NATS, and trying again until it is: REFUSED",
    "not connected to NATS, and trying again until it is: TIMEOUT",
    "connected to NATS",
  ]);
  connection.noteProblem(failedAttempt(new Error("REFUSED")));
  expect(lines).toHaveLength(5);
});

test("a permission that is refused again and again is told once, with an error code", () => {
  const told: Readonly<Record<string, unknown>>[] = [];
  const log = (_what: string, details: Readonly<Record<string, unknown>>): void => {
    told.push(details);
  };
  const connection = new ConnectionLog({ log, node: "n1", purpose: "peers" });
  for (const subject of ["synod.p.n2.n1", "synod.p.n3.n1", "synod.p.n2.n1"]) {
    const cause = new Error("refused");
    connection.noteProblem({ kind: "permission refused", operation: "publish", subject, cause });
  }
  expect(told.map(({ text }) => text)).toEqual(["publish synod.p.n2.n1", "publish synod.p.n3.n1"]);
  expect(told[0]).toMatchObject({
    code: "BROKER_FAILED",
    next: expect.stringContaining("SYNOD_NATS_PASSWORD_N1"),
  });
});

test("a login that is refused says which one is wanted, and a server that is gone does not", () => {
  const told: Readonly<Record<string, unknown>>[] = [];
  const log = (_what: string, details: Readonly<Record<string, unknown>>): void => {
    told.push(details);
  };
  const connection = new ConnectionLog({ log, node: "n1", purpose: "peers" });
  connection.noteProblem(failedAttempt(new Error("'Authorization Violation'")));
  connection.noteProblem(failedAttempt(new Error("REFUSED")));
  expect(told[0]?.["next"]).toContain("SYNOD_NATS_PASSWORD_N1");
  expect(told[1]).not.toHaveProperty("next");
});

test("a handler that throws is told every time", () => {
  const { connection, lines } = connectionLog();
  const problem = { kind: "handler failed", subject: "a", cause: new Error("broken") } as const;
  connection.noteProblem(problem);
  connection.noteProblem(problem);
  expect(lines).toEqual(["transport: handler failed: broken", "transport: handler failed: broken"]);
});
