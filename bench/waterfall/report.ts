/** The waterfall as a table: when each moment of a put was, and how long it took from the moment before. */
import { median, type Floor } from "./floor.ts";
import type { FollowerPart, OnePut } from "./one-put.ts";

/** Of all processes of the system and its client, for one put. */
export interface Costs {
  readonly cpuMs: number;
  readonly contextSwitches: number;
}

interface Moment {
  readonly what: string;
  readonly at: (put: OnePut) => number;
}

const unknown = Number.NaN;

function follower(at: (part: FollowerPart) => number): (put: OnePut) => number {
  return ({ followers: [first] }) => (first === undefined ? unknown : at(first));
}

/** The way of the answer that decides; what goes on beside it stands in the second table. */
const path: readonly Moment[] = [
  { what: "the client's frame leaves", at: ({ frameLeaves }) => frameLeaves },
  { what: "the leader has the frame", at: ({ leaderHasFrame }) => leaderHasFrame },
  { what: "the leader's accept leaves", at: ({ acceptLeaves }) => acceptLeaves },
  { what: "the first follower has the accept", at: follower(({ hasAccept }) => hasAccept) },
  { what: "its write begins", at: follower(({ writeBegins }) => writeBegins) },
  { what: "its disk has the entry", at: follower(({ written }) => written) },
  { what: "its accepted leaves", at: follower(({ acceptedLeaves }) => acceptedLeaves) },
  { what: "the leader has it", at: follower(({ leaderHasAccepted }) => leaderHasAccepted) },
  { what: "the leader's reply leaves", at: ({ replyLeaves }) => replyLeaves },
  { what: "the client has the reply", at: ({ clientHasReply }) => clientHasReply },
  { what: "the caller's promise is resolved", at: ({ resolved }) => resolved },
];

/** The other follower is sent the entry when this put is over, with those that came behind it. */
const beside: readonly Moment[] = [
  { what: "the leader's own write begins", at: ({ leaderWriteBegins }) => leaderWriteBegins },
  { what: "the leader's disk has the entry", at: ({ leaderWritten }) => leaderWritten },
];

export function renderWaterfall(puts: readonly OnePut[], costs: Costs, floor: Floor): string {
  const lines = ["| moment | at, ms | step, ms |", "| --- | ---: | ---: |"];
  let before: (put: OnePut) => number = () => 0;
  for (const { what, at } of path) {
    const from = before;
    lines.push(
      `| ${what} | ${medianOf(puts, at)} | ${medianOf(puts, (put) => at(put) - from(put))} |`,
    );
    before = at;
  }
  lines.push("", "| beside it | at, ms |", "| --- | ---: |");
  for (const { what, at } of beside) lines.push(`| ${what} | ${medianOf(puts, at)} |`);
  lines.push(
    "",
    "| floor | ms |",
    "| --- | ---: |",
    `| the same messages between programs that do nothing else | ${text(floor.hopsMs)} |`,
    `| the same, and each follower writes a block before it answers | ${text(floor.hopsAndBlockMs)} |`,
    `| a block of 4 KiB written through to the disk, alone | ${text(floor.blockMs)} |`,
    "",
    `${puts.length} puts; CPU ${text(costs.cpuMs)} ms and ${costs.contextSwitches.toFixed(1)} context switches a put, all processes together`,
  );
  return lines.join("\n");
}

function medianOf(puts: readonly OnePut[], at: (put: OnePut) => number): string {
  return text(median(puts.map(at).filter((ms) => !Number.isNaN(ms))));
}

function text(ms: number): string {
  return ms.toFixed(3);
}
