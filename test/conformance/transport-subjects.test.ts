/** Subjects: what may be published to, and which subscriptions a subject reaches. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  isInboxSubject,
  isPublishSubject,
  requireSubscribeSubject,
  subjectMatches,
} from "../../infra/transport/subject.ts";
import { SubscriptionTable } from "../../infra/transport/subscription-table.ts";

const token = fc.constantFrom("a", "b", "ab", "synod");
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const pattern = fc
  .tuple(fc.array(fc.oneof(token, fc.constant("*")), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, open]) => [...tokens, ...(open ? [">"] : [])].join("."));

/** The rule as NATS documents it, token by token. */
function matchesByTokens(patternTokens: string[], subjectTokens: string[]): boolean {
  const [first, ...rest] = patternTokens;
  if (first === undefined) return subjectTokens.length === 0;
  if (first === ">") return subjectTokens.length > 0;
  if (subjectTokens.length === 0) return false;
  return (
    (first === "*" || first === subjectTokens[0]) && matchesByTokens(rest, subjectTokens.slice(1))
  );
}

test("matching agrees with the rule, token by token", () => {
  fc.assert(
    fc.property(pattern, subject, (pattern, subject) => {
      const expected = matchesByTokens(pattern.split("."), subject.split("."));
      expect(subjectMatches(pattern, subject)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("the table finds exactly the subscriptions that match, also after some have gone", () => {
  const act = fc.tuple(fc.constantFrom("add", "remove", "look"), pattern, subject);
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const table = new SubscriptionTable<{ subject: string; number: number }>();
      let present: { subject: string; number: number }[] = [];
      for (const [number, [kind, pattern, subject]] of acts.entries()) {
        const first = present[0];
        if (kind === "add") {
          const entry = { subject: number % 3 === 0 ? subject : pattern, number };
          present.push(entry);
          table.add(entry);
        } else if (kind === "remove" && first !== undefined) {
          present = present.slice(1);
          table.remove(first);
          table.remove(first);
        }
        const expected = present.filter((entry) => subjectMatches(entry.subject, subject));
        const found = [...table.matching(subject)].sort(
          (left, right) => left.number - right.number,
        );
        expect(found).toEqual(expected);
      }
    }),
  );
});

test("the table answers alike after more reply subjects than it remembers", () => {
  const table = new SubscriptionTable<{ subject: string }>();
  const entry = { subject: "_INBOX.x.*" };
  table.add(entry);
  for (let request = 0; request < 10_000; request += 1) {
    expect(table.matching(`_INBOX.x.${request}`)).toEqual([entry]);
  }
});

test("whatever the text, publishing accepts only visible ASCII without wildcards or empty tokens", () => {
  const hostile = fc.oneof(
    fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
    fc.string({ unit: fc.constantFrom("a", ".", "*", ">", " ", "\r", "\n", "\t", "\u007f", "é") }),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      const expected = /^[!-)+-\-/-=?-~]+(\.[!-)+-\-/-=?-~]+)*$/.test(text);
      expect(isPublishSubject(text)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("only what lies under the inbox prefix may be answered", () => {
  for (const subject of ["_INBOX.a", "_INBOX.a.b", "_INBOX.$x"]) {
    expect(isInboxSubject(subject)).toBe(true);
  }
  for (const subject of [
    "",
    "_INBOX",
    "_INBOX.",
    "_INBOX.*",
    "_INBOX.>",
    "_INBOX.a ",
    "_INBOXa.b",
    "synod.p.n-n2.n1",
    "x._INBOX.a",
  ]) {
    expect(isInboxSubject(subject)).toBe(false);
  }
});

test("a subscription may hold wildcards only as whole tokens, and > only at the end", () => {
  for (const subject of ["a", ">", "*", "a.*.b", "a.>", "*.*.>"]) {
    expect(() => requireSubscribeSubject(subject)).not.toThrow();
  }
  for (const subject of ["", "a*", "a.b*", ">.a", "a.>.b", "a>", "a..b", "a b"]) {
    expect(() => requireSubscribeSubject(subject)).toThrow("cannot subscribe to");
  }
});
