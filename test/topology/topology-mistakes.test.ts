import { expect, test } from "vitest";
import { parseTopology } from "../../infra/topology/load-topology.ts";
import { TopologyError } from "../../infra/topology/topology-error.ts";
import { changed, complaintsAbout, goodTopology } from "./topology-text.ts";

/** The good topology with another group g2. */
function groupIs(group: string): string {
  return changed("{ members: [n2, n3, n1] }", group);
}

/** One mistake each: its name, the text, and all that is said about it. */
const mistakes: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "an unknown node in a group",
    changed("n3, n1]", "n3, n9]"),
    [
      '10:27 group "g2" has the member "n9", which is no declared node | use one of "n1", "n2", "n3", or declare "n9" under `nodes`',
    ],
  ],
  [
    "a group with an empty list of members",
    groupIs("{ members: [] }"),
    ['10:18 `members` of group "g2" is empty | name at least one, as in members: [n1, n2, n3]'],
  ],
  [
    "a group without members",
    groupIs("{}"),
    ['10:7 group "g2" lacks `members` | add it, as in members: [n1, n2, n3]'],
  ],
  [
    "a group that is no map",
    groupIs("[n2]"),
    ['10:7 group "g2" must be a map of fields, not a list | write g2: { members: [n1, n2, n3] }'],
  ],
  [
    "members that are no list",
    groupIs("{ members: n2 }"),
    [
      '10:18 `members` of group "g2" must be a list, not the text "n2" | write members: [n1, n2, n3]',
    ],
  ],
  [
    "a member that is no text",
    groupIs("{ members: [n2, 3] }"),
    [
      '10:23 item 2 of `members` of group "g2" must be text, not the number "3" | write the name of a node, as in members: [n1, n2, n3]',
    ],
  ],
  [
    "a member that stands twice",
    groupIs("{ members: [n2, n3, n2] }"),
    [
      '10:27 group "g2" has the member "n2" twice | remove one of the two; a node votes once in a group',
    ],
  ],
  [
    "an impossible quorum with one half given",
    groupIs("{ members: [n2, n3, n1], phase1: 1 }"),
    [
      '10:32 two quorums of group "g2" can miss each other: phase1 = 1 and phase2 = 2 (a majority, by default) make 3, which must be more than its 3 members | raise one of them until they make at least 4, or leave both out for majorities of 2',
    ],
  ],
  [
    "an impossible quorum with both halves given",
    groupIs("{ members: [n2, n3, n1], phase1: 2, phase2: 1 }"),
    [
      '10:32 two quorums of group "g2" can miss each other: phase1 = 2 and phase2 = 1 make 3, which must be more than its 3 members | raise one of them until they make at least 4, or leave both out for majorities of 2',
    ],
  ],
  [
    "a quorum larger than the group",
    groupIs("{ members: [n2, n3, n1], phase2: 4 }"),
    ['10:40 `phase2` of group "g2" is 4, outside of 1 to 3 | choose a number from 1 to 3'],
  ],
  [
    "a quorum that is no number",
    groupIs("{ members: [n2, n3, n1], phase2: two }"),
    ['10:40 `phase2` of group "g2" must be a whole number, not the text "two" | write phase2: 2'],
  ],
  [
    "a lease outside of its range",
    groupIs("{ members: [n2, n3, n1], leaseMs: 100 }"),
    [
      '10:41 `leaseMs` of group "g2" is 100, outside of 200 to 60000 | choose a number from 200 to 60000',
    ],
  ],
  [
    "a misspelt field",
    groupIs("{ memebers: [n2, n3, n1] }"),
    ['10:9 group "g2" has no field "memebers" | did you mean `members`?'],
  ],
  [
    "an unknown field",
    groupIs("{ members: [n2, n3, n1], color: red }"),
    [
      '10:32 group "g2" has no field "color" | remove it; the fields are `members`, `phase1`, `phase2`, `leaseMs`',
    ],
  ],
  [
    "a group that is declared twice",
    changed("  g2: {", "  g1: {"),
    [
      '10:3 "g1" stands twice in `storeGroups`, first in line 9 | remove or rename one of the two',
      '13:34 region 2 is in the group "g2", which is not declared | use one of "meta", "g1", or declare "g2" under `storeGroups`',
    ],
  ],
  [
    "a node that is declared twice",
    changed("  n2:\n", "  n1:\n"),
    [
      '5:3 "n1" stands twice in `nodes`, first in line 4 | remove or rename one of the two',
      '8:25 group "meta" has the member "n2", which is no declared node | use one of "n1", "n3", or declare "n2" under `nodes`',
      '9:23 group "g1" has the member "n2", which is no declared node | use one of "n1", "n3", or declare "n2" under `nodes`',
      '10:19 group "g2" has the member "n2", which is no declared node | use one of "n1", "n3", or declare "n2" under `nodes`',
    ],
  ],
  [
    "a missing group meta",
    changed("  meta:", "  mete:"),
    [
      "8:3 the group `meta` is missing, which holds the cluster's own metadata | add meta: { members: [n1, n2, n3] }",
    ],
  ],
  [
    "a node whose name is no token of a subject",
    changed("  n3: {}", "  n3: {}\n  n.4: {}"),
    [
      '7:3 a node is named "n.4", which cannot be a part of a NATS subject | use letters, digits, `_` and `-` only',
    ],
  ],
  [
    "a node whose name is too long",
    changed("  n3: {}", `  n3: {}\n  ${"n".repeat(65)}: {}`),
    [
      '7:3 a node has a name of 65 characters: "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" | use at most 64 characters',
    ],
  ],
  [
    "a node whose name is a number",
    changed("  n3: {}", "  n3: {}\n  4: {}"),
    [
      '7:3 a name in `nodes` is not text but the number "4" | put the name in quotes, as in nodes: { n1: {}, n2: {}, n3: {} }',
    ],
  ],
  [
    "a label that is no text",
    changed("zone: a", "zone: 1"),
    [
      '4:25 label "zone" of node "n1" must be text, not the number "1" | write it in quotes, as in zone: "1"',
    ],
  ],
  [
    "a cluster whose name is no token of a subject",
    changed("cluster: demo", "cluster: my demo"),
    [
      '1:10 the cluster is named "my demo", which cannot be a part of a NATS subject | use letters, digits, `_` and `-` only',
    ],
  ],
  [
    "a cluster whose name is a number",
    changed("cluster: demo", "cluster: 12"),
    ['1:10 `cluster` must be text, not the number "12" | write cluster: demo'],
  ],
  [
    "a missing cluster name",
    changed("cluster: demo\n", ""),
    ["1:1 the file lacks `cluster` | add it, as in cluster: demo"],
  ],
  [
    "a prefix that is no token of a subject",
    changed("cluster: demo", "cluster: demo\nprefix: a.b"),
    [
      '2:9 the prefix is named "a.b", which cannot be a part of a NATS subject | use letters, digits, `_` and `-` only',
    ],
  ],
  [
    "a prefix that NATS keeps for itself",
    changed("cluster: demo", "cluster: demo\nprefix: _INBOX"),
    [
      '2:9 the prefix is "_INBOX", and NATS keeps subjects that begin with _ for itself | begin with a letter or a digit',
    ],
  ],
  [
    "servers with URLs of every wrong kind",
    changed(
      "[nats://127.0.0.1:4222]",
      "[127.0.0.1:4222, http://h:1, 'nats://', 'nats://u:p@h', 'nats://h:99999', nats://h/x]",
    ),
    [
      '2:19 the server "127.0.0.1:4222" is no URL | write nats://HOST:PORT or tls://HOST:PORT, as in nats://127.0.0.1:4222',
      '2:35 the server "http://h:1" is no URL of a NATS server | write nats://HOST:PORT or tls://HOST:PORT, as in nats://127.0.0.1:4222',
      '2:47 the server "nats://" names no host | write nats://HOST:PORT or tls://HOST:PORT, as in nats://127.0.0.1:4222',
      '2:58 the server "nats://u:p@h" carries a password, which does not belong into a file that all machines share | write nats://HOST:PORT or tls://HOST:PORT, as in nats://127.0.0.1:4222',
      '2:74 the server "nats://h:99999" is no URL | write nats://HOST:PORT or tls://HOST:PORT, as in nats://127.0.0.1:4222',
      '2:92 the server "nats://h/x" has a path, which NATS servers do not have | write nats://HOST:PORT or tls://HOST:PORT, as in nats://127.0.0.1:4222',
    ],
  ],
  [
    "servers that are no list",
    changed("[nats://127.0.0.1:4222]", "nats://127.0.0.1:4222"),
    [
      '2:18 `servers` of `nats` must be a list, not the text "nats://127.0.0.1:4222" | write servers: [nats://127.0.0.1:4222]',
    ],
  ],
  [
    "missing servers",
    changed("{ servers: [nats://127.0.0.1:4222] }", "{}"),
    ["2:7 `nats` lacks `servers` | add it, as in servers: [nats://127.0.0.1:4222]"],
  ],
  [
    "a first region that does not start at the first key",
    changed('{ start: "", group: g1 }', '{ start: "default/a", group: g1 }'),
    [
      '12:14 the first region starts at "default/a", so that the keys before it are in no region | start it at "", the first of all keys',
    ],
  ],
  [
    "two regions with one start",
    changed("default/p", "default/h"),
    ['14:14 two regions start at "default/h" | remove one of them, or start it somewhere else'],
  ],
  [
    "regions out of order",
    changed("default/p", "default/a"),
    [
      '14:14 the region that starts at "default/a" stands behind the one that starts at "default/h", so the two overlap | order the regions by their starts, in the order of bytes: capitals come before small letters',
    ],
  ],
  [
    "a region in an unknown group of a short name",
    changed("group: g2", "group: g3"),
    [
      '13:34 region 2 is in the group "g3", which is not declared | use one of "meta", "g1", "g2", or declare "g3" under `storeGroups`',
    ],
  ],
  [
    "a region in an unknown group",
    changed("group: g2", "group: nowhere"),
    [
      '13:34 region 2 is in the group "nowhere", which is not declared | use one of "meta", "g1", "g2", or declare "nowhere" under `storeGroups`',
    ],
  ],
  [
    "a region bound without a slash",
    changed("default/h", "default"),
    [
      '13:14 region 2 starts at "default": a region bound is a bucket, a slash and a key, and the slash is missing | write it as "bucket/key", or "bucket/" for the start of a bucket',
    ],
  ],
  [
    "a region bound whose bucket is no bucket name",
    changed("default/h", "de fault/h"),
    [
      '13:14 region 2 starts at "de fault/h": the bucket "de fault" of a region bound is no bucket name | use letters, digits, `_` and `-` in front of the first slash',
    ],
  ],
  [
    "a region bound with a stray backslash",
    changed("default/h", "default/\\\\h"),
    [
      '13:14 region 2 starts at "default/\\\\h": the key of a region bound has a backslash that starts no \\xNN: "\\\\h" | write a backslash as \\\\, and a byte as \\x and two hexadecimal digits',
    ],
  ],
  [
    "a region bound that is too long",
    changed("default/h", `default/${"x".repeat(1025)}`),
    [
      '13:14 region 2 starts at "default/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...": the key of a region bound has 1025 bytes, at most 1024 are allowed | use a shorter bound; regions may be split anywhere',
    ],
  ],
  [
    "a region with an end",
    changed('"default/p", group', '"default/p", end: "", group'),
    [
      '14:27 region 3 has no field "end" | remove it; a region ends where the next one starts, and the last one at the last key',
    ],
  ],
  [
    "a region that is no map",
    changed('{ start: "default/p", group: g1 }', "default/p"),
    [
      '14:5 region 3 must be a map of fields, not the text "default/p" | write { start: "default/m", group: g1 }',
    ],
  ],
  [
    "a misspelt section",
    changed("storeGroups:", "storegroups:"),
    ['7:1 the file has no field "storegroups" | did you mean `storeGroups`?'],
  ],
  [
    "an empty file",
    "",
    [
      "1:1 nothing stands in the file | write a topology; `cluster`, `nats`, `nodes`, `storeGroups` and `regions` are needed",
    ],
  ],
  [
    "a file of comments",
    "# nothing\n",
    [
      "1:1 nothing stands in the file | write a topology; `cluster`, `nats`, `nodes`, `storeGroups` and `regions` are needed",
    ],
  ],
  [
    "a file that is no map",
    "- a\n- b\n",
    ["1:1 the file must be a map of fields, not a list | write cluster: demo"],
  ],
  [
    "brackets that are not closed",
    "cluster: [demo\nnats: {",
    [
      "2:1 this is no valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ] | indent what belongs together by the same spaces, and close every bracket",
      "2:8 this is no valid YAML: Flow map in block collection must be sufficiently indented and end with a } | indent what belongs together by the same spaces, and close every bracket",
    ],
  ],
  [
    "a tab as indentation",
    changed("  n3: {}", "\tn3: {}"),
    ["6:1 this is no valid YAML: Tabs are not allowed as indentation | replace the tab by spaces"],
  ],
  [
    "an anchor and an alias",
    changed("n1: { labels: { zone: a } }", "n1: &a { labels: { zone: a } }\n  n4: *a"),
    [
      "4:10 the anchor &a stands here, and a topology has none | remove the anchor",
      "5:7 the alias *a stands here, and a topology has none | write the value out",
    ],
  ],
  [
    "a tag",
    changed("cluster: demo", "cluster: !!binary demo"),
    ["1:19 the tag tag:yaml.org,2002:binary stands here, and a topology has none | remove the tag"],
  ],
  [
    "a second document",
    `${goodTopology}---\ncluster: other\n`,
    [
      "15:1 a second YAML document starts here | keep one document; remove everything from this `---` on",
    ],
  ],
  [
    "brackets that nest too deeply",
    `cluster: ${"[".repeat(100)}`,
    [
      "1:42 the YAML nests too deeply here | a topology needs four levels; remove brackets, dashes or indentation",
    ],
  ],
  [
    "dashes that nest too deeply",
    `${"- ".repeat(100)}a`,
    [
      "1:65 the YAML nests too deeply here | a topology needs four levels; remove brackets, dashes or indentation",
    ],
  ],
  [
    "indentation that nests too deeply",
    `cluster:\n${" ".repeat(200)}demo`,
    [
      "2:1 the YAML nests too deeply here | a topology needs four levels; remove brackets, dashes or indentation",
    ],
  ],
  [
    "a group with too many members",
    groupIs("{ members: [n1, n2, n3, n4, n5, n6, n7, n8] }").replace(
      "n3: {}",
      "n3: {}\n  n4:\n  n5:\n  n6:\n  n7:\n  n8:",
    ),
    [
      '15:18 group "g2" has 8 members, at most 7 are allowed | remove 1; 7 members bear the loss of 3',
    ],
  ],
  [
    "no nodes",
    goodTopology.replace(/nodes:[^]*storeGroups/, "nodes: {}\nstoreGroups"),
    ["3:8 `nodes` is empty | name at least one, as in nodes: { n1: {}, n2: {}, n3: {} }"],
  ],
  [
    "no regions",
    goodTopology.replace(/ {2}- [^]*/, "  []\n"),
    ['12:3 `regions` is empty | name at least one, as in regions: [{ start: "", group: g1 }]'],
  ],
  [
    "a server that stands twice",
    changed("[nats://127.0.0.1:4222]", "[nats://h, nats://h]"),
    ['2:29 the server "nats://h" stands twice | remove one of the two'],
  ],
  [
    "a misspelt field of a node",
    changed("n1: { labels: { zone: a } }", "n1: { lables: { zone: a } }"),
    ['4:9 node "n1" has no field "lables" | did you mean `labels`?'],
  ],
  [
    "a bucket that is watched in no known way",
    `${goodTopology}buckets: { default: { watch: always } }`,
    [
      '15:30 `watch` of bucket "default" is "always" | write watch: subjects, or leave it out: then subjects are published while somebody asks for them',
    ],
  ],
  [
    "a misspelt field of a bucket",
    `${goodTopology}buckets: { default: { wach: subjects } }`,
    ['15:23 bucket "default" has no field "wach" | did you mean `watch`?'],
  ],
  [
    "a bucket that no bucket can be named",
    `${goodTopology}buckets: { a.b: { watch: subjects } }`,
    [
      '15:12 a bucket is named "a.b", which no bucket can be | use 1 to 128 letters, digits, `_` and `-`',
    ],
  ],
  [
    "buckets that are no map",
    `${goodTopology}buckets: [default]`,
    [
      "15:10 `buckets` must be a map of names, not a list | write buckets: { default: { watch: subjects } }",
    ],
  ],
  [
    "a group whose name is no token of a subject",
    changed("  g2: {", "  g/2: {").replace("group: g2", "group: g/2"),
    [
      '10:3 a group is named "g/2", which cannot be a part of a NATS subject | use letters, digits, `_` and `-` only',
    ],
  ],
];

test("a correct topology has no complaints", () => {
  expect(complaintsAbout(goodTopology)).toEqual([]);
});

test.each(mistakes)("%s is told with line and fix", (_name, text, complaints) => {
  expect(complaintsAbout(text)).toEqual(complaints);
});

test("all mistakes of a file are told at once, in the order of the file, like a compiler does", () => {
  const text = goodTopology
    .replace("cluster: demo", "cluster: my demo")
    .replace("[n2, n3, n1]", "[n2, n3, n4]")
    .replace("default/h", "default");
  expect(() => parseTopology(text, "mine.yaml")).toThrow(
    new TopologyError("mine.yaml", [
      {
        line: 1,
        column: 10,
        message: 'the cluster is named "my demo", which cannot be a part of a NATS subject',
        fix: "use letters, digits, `_` and `-` only",
      },
      {
        line: 10,
        column: 27,
        message: 'group "g2" has the member "n4", which is no declared node',
        fix: 'use one of "n1", "n2", "n3", or declare "n4" under `nodes`',
      },
      {
        line: 13,
        column: 14,
        message:
          'region 2 starts at "default": a region bound is a bucket, a slash and a key, and the slash is missing',
        fix: 'write it as "bucket/key", or "bucket/" for the start of a bucket',
      },
    ]),
  );
});

test("the message names file, line, column and fix, and stays short when everything is wrong", () => {
  const problem = (line: number) => ({ line, column: 5, message: "no good", fix: "do better" });
  const error = new TopologyError("mine.yaml", [problem(12), problem(3), problem(0)]);
  expect(error.code).toBe("TOPOLOGY_INVALID");
  expect(error.message.split("\n")).toEqual([
    "mine.yaml no good",
    "    fix: do better",
    "mine.yaml:3:5 no good",
    "    fix: do better",
    "mine.yaml:12:5 no good",
    "    fix: do better",
  ]);
  const many = new TopologyError(
    "mine.yaml",
    Array.from({ length: 1_000 }, (_, index) => problem(index + 1)),
  );
  expect(many.problems).toHaveLength(1_000);
  expect(many.message.split("\n")).toHaveLength(101);
  expect(many.message).toContain("... and 950 more problems");
});
