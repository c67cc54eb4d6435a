import * as fc from "fast-check";
import { expect, test } from "vitest";
import { defaultTopology } from "../../infra/topology/default-topology.ts";
import { parseTopology } from "../../infra/topology/load-topology.ts";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import {
  majorityOf,
  regionsFrom,
  type Topology,
  type TopologyGroup,
} from "../../infra/topology/topology.ts";
import { TopologyError } from "../../infra/topology/topology-error.ts";
import { goodTopology } from "./topology-text.ts";

test("a rendered topology reads like one that a person wrote", () => {
  expect(renderTopology(defaultTopology(3, "demo"))).toBe(`cluster: demo
nats:
  servers: [ nats://127.0.0.1:4222 ]
nodes:
  n1: { labels: { zone: a } }
  n2: { labels: { zone: b } }
  n3: { labels: { zone: c } }
storeGroups:
  meta: { members: [ n1, n2, n3 ] }
  g1: { members: [ n2, n3, n1 ] }
  g2: { members: [ n3, n1, n2 ] }
regions:
  - { start: "", group: g1 }
  - { start: default/i, group: g2 }
  - { start: default/r, group: g1 }
`);
});

test.each([1, 3, 5, 7] as const)("the default topology of %i nodes is a correct one", (count) => {
  const topology = defaultTopology(count, "demo");
  expect(parseTopology(renderTopology(topology), "rendered")).toEqual(topology);
  const leaders = new Set(topology.groups.map(({ members }) => members[0]));
  expect(leaders.size).toBe(Math.min(count, 3));
  expect(topology.regions.length).toBeGreaterThanOrEqual(3);
});

test("lists that several groups share are written out for each", () => {
  const topology = defaultTopology(3, "demo");
  const members = ["n1", "n2", "n3"];
  const sharing = { ...topology, groups: topology.groups.map((group) => ({ ...group, members })) };
  expect(parseTopology(renderTopology(sharing), "rendered")).toEqual(sharing);
});

/** Names that YAML reads as something else than text unless they are quoted. */
const trickyNames = [
  "1",
  "1e5",
  "0x1f",
  "true",
  "null",
  "no",
  "-",
  "--",
  "-1",
  "_",
  "1_000",
  "NaN",
];
const name = fc.oneof(fc.constantFrom(...trickyNames), fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/));
const prefix = name.filter((text) => !text.startsWith("_"));
const labels = fc
  .dictionary(fc.string({ unit: "binary", maxLength: 8 }), fc.string({ unit: "binary" }), {
    maxKeys: 3,
  })
  .map((record) => Object.fromEntries(Object.entries(record)));

const nodes = fc
  .uniqueArray(name, { minLength: 1, maxLength: 9 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), labels }))),
  );

function group(name: string, nodeNames: readonly string[]): fc.Arbitrary<TopologyGroup> {
  return fc
    .record({
      members: fc.shuffledSubarray([...nodeNames], {
        minLength: 1,
        maxLength: Math.min(7, nodeNames.length),
      }),
      fraction: fc.double({ min: 0, max: 0.999, noNaN: true }),
      spare: fc.nat({ max: 3 }),
      leaseMs: fc.integer({ min: 200, max: 60_000 }),
      byDefault: fc.boolean(),
    })
    .map(({ members, fraction, spare, leaseMs, byDefault }) => {
      const majority = majorityOf(members.length);
      if (byDefault) return { name, members, phase1: majority, phase2: majority, leaseMs: 600 };
      const phase1 = 1 + Math.floor(fraction * members.length);
      const phase2 = Math.min(members.length, members.length - phase1 + 1 + spare);
      return { name, members, phase1, phase2, leaseMs };
    });
}

const bound = fc
  .tuple(fc.stringMatching(/^[-\w]{1,8}$/), fc.uint8Array({ maxLength: 8 }))
  .map(([bucket, key]) => `${bucket}\0${Buffer.from(key).toString("latin1")}`);

const bucket = fc.oneof(fc.constantFrom(...trickyNames), fc.stringMatching(/^[-\w]{1,128}$/));
const watch = fc.constantFrom("subjects" as const, undefined);

const topologies: fc.Arbitrary<Topology> = nodes.chain((nodes) => {
  const nodeNames = nodes.map(({ name }) => name);
  const groups = fc
    .uniqueArray(name, { maxLength: 5 })
    .chain((names) =>
      fc.tuple(
        ...["meta", ...names.filter((name) => name !== "meta")].map((name) =>
          group(name, nodeNames),
        ),
      ),
    );
  return groups.chain((groups) =>
    fc.record({
      cluster: name,
      prefix,
      servers: fc.uniqueArray(
        fc.constantFrom(
          "nats://127.0.0.1:4222",
          "tls://a.example",
          "nats://[::1]:4333",
          "nats://h/",
        ),
        { minLength: 1 },
      ),
      nodes: fc.constant(nodes),
      groups: fc.constant(groups),
      regions: fc
        .tuple(
          fc.uniqueArray(bound, { maxLength: 6 }),
          fc.array(fc.constantFrom(...groups.map(({ name }) => name)), {
            minLength: 7,
            maxLength: 7,
          }),
        )
        .map(([bounds, owners]) =>
          regionsFrom(
            ["", ...bounds.toSorted((left, right) => (left < right ? -1 : 1))].map(
              (start, index) => ({
                start,
                group: owners[index] ?? "meta",
              }),
            ),
          ),
        ),
      buckets: fc.uniqueArray(fc.record({ name: bucket, watch }), {
        selector: ({ name }) => name,
        maxLength: 3,
      }),
    }),
  );
});

test("every topology can be rendered and loaded again", () => {
  fc.assert(
    fc.property(topologies, (topology) => {
      expect(parseTopology(renderTopology(topology), "rendered")).toEqual(topology);
    }),
  );
});

const strangePieces = [
  ..."&a |*a|!!map |<<: |? |- |'|\"|#|~|\u0000|\uFEFF|\u2028|9999999999999999999|.inf|\\x".split(
    "|",
  ),
  ..."---|\t|>|%YAML 1.1|...|".split("|").map((piece) => `${piece}\n`),
];

test("whatever stands in a file, it is a topology or a TopologyError, never anything else", () => {
  const pieces = [...goodTopology.split(/(?<=[\s:,{}[\]])/), ...strangePieces];
  const mixed = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 40 });
  const spliced = fc
    .tuple(fc.nat({ max: goodTopology.length }), fc.nat({ max: 40 }), mixed)
    .map(([at, removed, inserted]) =>
      [goodTopology.slice(0, at), ...inserted, goodTopology.slice(at + removed)].join(""),
    );
  const whole = mixed.map((inserted) => inserted.join(""));
  fc.assert(
    fc.property(fc.oneof(spliced, whole, fc.string({ unit: "binary" })), (text) => {
      try {
        expect(parseTopology(text, "topology.yaml").groups[0]?.name).toBe("meta");
      } catch (failure) {
        if (!(failure instanceof TopologyError)) throw failure;
        expect(failure.problems.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["brackets", "[".repeat(1_000_000)],
  ["braces", "{a: ".repeat(250_000)],
  ["dashes", "- ".repeat(500_000)],
  ["colons", ": ".repeat(500_000)],
  ["question marks", "? ".repeat(500_000)],
  ["indentation", Array.from({ length: 1_400 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("")],
  [
    "lists in maps",
    Array.from({ length: 700 }, (_, d) => `${" ".repeat(d)}a:\n${" ".repeat(d)}- a:\n`).join(""),
  ],
])("a million characters of %s end in an error, not in a full stack", (_what, text) => {
  expect(() => parseTopology(text, "topology.yaml")).toThrow(TopologyError);
});
