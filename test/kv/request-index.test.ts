/** One index over the pages of all generations: it finds what lies in open pages, and nothing else. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { identityBytes, RequestIndex, type RequestPage } from "../../kv/state/request-index.ts";

/** Few parts and few hashes, so that answers stand in each other's way. */
function identityOf(number: number): string {
  const head = String.fromCharCode(number % 2, 0, 0, 0, number % 3, 0, 0, 0);
  return head + String(number).padStart(identityBytes - head.length, "0");
}

function openPage(index: RequestIndex): RequestPage {
  const page = { bytes: new Uint8Array(4096), length: 0, saved: 0, number: 0 };
  index.open(page);
  return page;
}

function add(index: RequestIndex, page: RequestPage, identity: string): void {
  const at = page.length;
  page.bytes.set(Buffer.from(identity, "latin1"), at);
  page.length += identityBytes + 1;
  index.add(page, at);
}

function isFound(index: RequestIndex, page: RequestPage, identity: string): boolean {
  const found = index.find(identity);
  if (found === undefined) return false;
  const { bytes } = found.page;
  expect(found.page).toBe(page);
  const there = Buffer.from(bytes.subarray(found.at, found.at + identityBytes));
  expect(there.toString("latin1")).toBe(identity);
  return true;
}

test("what lies in open pages is found, and nothing of closed ones", () => {
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.constant("add" as const) },
    { weight: 2, arbitrary: fc.constant("open" as const) },
    { weight: 1, arbitrary: fc.constant("close" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const index = new RequestIndex();
      const open: { page: RequestPage; identities: string[] }[] = [];
      const closed: string[] = [];
      let asked = 0;
      const another = () => open.push({ page: openPage(index), identities: [] });
      another();
      for (const what of steps) {
        const last = open.at(-1);
        if (what === "open" || last === undefined) another();
        else if (what === "close") {
          const oldest = open.shift();
          if (oldest === undefined) continue;
          index.close(oldest.page);
          closed.push(...oldest.identities);
        } else if (last.page.length + identityBytes < 4096) {
          const identity = identityOf(asked++);
          expect(index.find(identity)).toBeUndefined();
          add(index, last.page, identity);
          last.identities.push(identity);
        }
      }
      for (const { page, identities } of open) {
        for (const identity of identities) expect(isFound(index, page, identity)).toBe(true);
      }
      for (const identity of closed) expect(index.find(identity)).toBeUndefined();
      expect(index.find(identityOf(asked))).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test("pages come and go more often than there are numbers for them", () => {
  const index = new RequestIndex();
  const lasting = openPage(index);
  add(index, lasting, identityOf(0));
  const numbers = new Set<number>();
  let before: { page: RequestPage; identity: string } | undefined;
  for (let turn = 1; turn <= 140_000; turn++) {
    const page = { bytes: new Uint8Array(32), length: 0, saved: 0, number: 0 };
    index.open(page);
    expect(page.number).not.toBe(lasting.number);
    numbers.add(page.number);
    const identity = identityOf(turn);
    add(index, page, identity);
    if (before !== undefined) {
      index.close(before.page);
      if (turn % 1000 === 0) expect(index.find(before.identity)).toBeUndefined();
    }
    if (turn % 1000 === 0) expect(isFound(index, page, identity)).toBe(true);
    before = { page, identity };
  }
  expect(isFound(index, lasting, identityOf(0))).toBe(true);
  expect(numbers.size).toBe(0xfffe);
});
