import { expect, test } from "vitest";
import { parseTransaction } from "../../cli/data/transaction-text.ts";

test("checks and operations become those of the client, in the bucket of the command", () => {
  const text = JSON.stringify({
    checks: [
      { key: "a", revision: 0 },
      { key: "a", bucket: "other", exists: true },
      { prefix: "p", unchangedSince: 7 },
    ],
    ops: [
      { op: "put", key: "a", value: "text", ttlMs: 5, previousRevision: 3 },
      { op: "put", key: "b", valueBase64: "/w==" },
      { op: "increment", key: "c", delta: -2 },
    ],
  });
  expect(parseTransaction(text, "mine")).toMatchObject({
    checks: [
      { bucket: "mine", key: "a", revision: 0 },
      { bucket: "other", key: "a", exists: true },
      { bucket: "mine", prefix: "p", unchangedSince: 7 },
    ],
    operations: [
      { bucket: "mine", op: "put", key: "a", value: "text", ttlMs: 5, previousRevision: 3 },
      { op: "put", key: "b", value: Buffer.from([0xff]) },
      { op: "increment", key: "c", delta: -2 },
    ],
  });
});

test.each([
  ["", "it is no JSON"],
  ["[]", "it is no JSON object"],
  ['{"checks":{}}', "checks is no list of objects"],
  ['{"operations":[]}', "it has no field operations"],
  ['{"checks":[{"key":"a"}]}', "checks[0] needs one of revision, exists and unchangedSince"],
  ['{"checks":[{"key":"a","revision":1,"exists":true}]}', "checks[0] needs one of"],
  ['{"checks":[{"revision":1}]}', "checks[0] has no key"],
  ['{"checks":[{"key":1,"revision":1}]}', "checks[0].key is no string"],
  ['{"ops":[{"key":"a"}]}', "ops[0].op is none of put, delete, increment and get"],
  ['{"ops":[{"op":"toString","key":"a"}]}', "ops[0].op is none of"],
  ['{"ops":[{"op":"get"}]}', "ops[0] has no key"],
  ['{"ops":[{"op":"put","key":"a"}]}', "ops[0] needs one of value and valueBase64"],
  ['{"ops":[{"op":"put","key":"a","value":1}]}', "ops[0].value is no string"],
  ['{"ops":[{"op":"put","key":"a","valueBase64":"?"}]}', "ops[0].valueBase64 is no base64"],
  ['{"ops":[{"op":"get","key":"a","delta":1}]}', "ops[0] has no field delta"],
])("%s: %s", (text, problem) => {
  expect(() => parseTransaction(text, "default")).toThrow(problem);
});

test("everything that is wrong is told at once", () => {
  const text = '{"checks":[{}],"ops":[{"op":"put"}]}';
  expect(() => parseTransaction(text, "default")).toThrow(
    "checks[0] needs one of revision, exists and unchangedSince; checks[0] has no key; " +
      "ops[0] has no key; ops[0] needs one of value and valueBase64",
  );
});
