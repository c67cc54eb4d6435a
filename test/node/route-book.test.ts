/** Whom a node names as a group's leader: its own replica's word goes before the published table's. */
import { expect, test } from "vitest";
import { RouteBook } from "../../actors/node/route-book.ts";
import { ManualClock } from "../state-store/manual-clock.ts";

function leaderBy(ownWord: string | null | undefined): (string | undefined)[] {
  const book = new RouteBook(
    new ManualClock(),
    () => ownWord,
    () => undefined,
  );
  book.adopt({
    clusterId: "0123456789",
    version: 1,
    regions: [],
    groups: [{ group: "g1", nodes: ["n1", "n2", "n3"], leader: "n2" }],
    physicalMs: 1,
  });
  return [book.leaderOf("g1"), book.route()?.groups[0]?.leader];
}

test("the table's, where no replica of it is here", () => {
  expect(leaderBy(undefined)).toEqual(["n2", "n2"]);
});

test("the own replica's, which is newer", () => {
  expect(leaderBy("n3")).toEqual(["n3", "n3"]);
});

test("nobody, while the own replica looks in vain for whomever the table names", () => {
  expect(leaderBy(null)).toEqual([undefined, undefined]);
});
