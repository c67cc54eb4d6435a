/** Puts one put's moments together from what the processes noted. */
import type { CalledPut, Noted, NotedMessage } from "./noted.ts";

/** Milliseconds since the caller asked, each the moment in the process that knows it. */
export interface OnePut {
  readonly frameLeaves: number;
  readonly leaderHasFrame: number;
  readonly acceptLeaves: number;
  readonly leaderWriteBegins: number;
  readonly leaderWritten: number;
  /** The follower that answered first, then the other. */
  readonly followers: readonly FollowerPart[];
  readonly replyLeaves: number;
  readonly clientHasReply: number;
  readonly resolved: number;
}

export interface FollowerPart {
  readonly hasAccept: number;
  readonly writeBegins: number;
  readonly written: number;
  readonly acceptedLeaves: number;
  readonly leaderHasAccepted: number;
}

type Says = (message: NotedMessage) => boolean;

/** One process's notes, in the order of their beginning. */
export class Notes {
  readonly #noted: readonly Noted[];
  #at = 0;

  constructor(noted: readonly Noted[]) {
    this.#noted = noted.toSorted((left, right) => left.beginMs - right.beginMs);
  }

  /** What began within that time; asked for ever later times. */
  within({ beginMs, endMs }: CalledPut): readonly Noted[] {
    while ((this.#noted[this.#at]?.beginMs ?? Infinity) < beginMs) this.#at += 1;
    let end = this.#at;
    while ((this.#noted[end]?.beginMs ?? Infinity) <= endMs) end += 1;
    return this.#noted.slice(this.#at, end);
  }
}

/** Undefined when something is missing: a retry, a message in two pieces, a follower that was asleep. */
export function onePut(
  put: CalledPut,
  client: Notes,
  leader: Notes,
  followers: readonly Notes[],
): OnePut | undefined {
  const since = (ms: number | undefined): number => (ms ?? Number.NaN) - put.beginMs;
  const atClient = client.within(put);
  const atLeader = leader.within(put);
  const frame = find(atClient, "sent", ({ subject }) => subject.includes(".api."));
  const accept = find(atLeader, "sent", ({ type }) => type === "accept");
  const slot = accept?.messages.find(({ type }) => type === "accept")?.slots?.[0];
  const parts = followers.map((notes) => followerPart(notes.within(put), atLeader, slot, since));
  const leaderWrite = atLeader.find(({ kind }) => kind === "written");
  const found: OnePut = {
    frameLeaves: since(frame?.beginMs),
    leaderHasFrame: since(
      find(atLeader, "received", ({ subject }) => subject.includes(".api."))?.beginMs,
    ),
    acceptLeaves: since(accept?.beginMs),
    leaderWriteBegins: since(leaderWrite?.beginMs),
    leaderWritten: since(leaderWrite?.endMs),
    followers: parts
      .filter(isComplete)
      .toSorted((left, right) => left.leaderHasAccepted - right.leaderHasAccepted),
    replyLeaves: since(
      find(atLeader, "sent", ({ subject }) => subject.startsWith("_INBOX."))?.beginMs,
    ),
    clientHasReply: since(
      find(atClient, "received", ({ subject }) => subject.startsWith("_INBOX."))?.beginMs,
    ),
    resolved: since(put.endMs),
  };
  return found.followers.length > 0 && isComplete({ ...found, followers: 0 }) ? found : undefined;
}

function followerPart(
  noted: readonly Noted[],
  atLeader: readonly Noted[],
  slot: number | undefined,
  since: (ms: number | undefined) => number,
): FollowerPart {
  const isAccept: Says = ({ type, slots }) => type === "accept" && slots?.[0] === slot;
  const isAccepted: Says = ({ type, slots }) =>
    type === "accepted" && slot !== undefined && slots?.includes(slot) === true;
  const accept = find(noted, "received", isAccept);
  const write = noted.find(
    ({ kind, beginMs }) => kind === "written" && beginMs >= (accept?.beginMs ?? Infinity),
  );
  const accepted = find(noted, "sent", isAccepted);
  const from = accepted?.messages.find(isAccepted)?.from;
  const arrival = find(
    atLeader,
    "received",
    (message) => isAccepted(message) && message.from === from,
  );
  return {
    hasAccept: since(accept?.beginMs),
    writeBegins: since(write?.beginMs),
    written: since(write?.endMs),
    acceptedLeaves: since(accepted?.beginMs),
    leaderHasAccepted: since(arrival?.beginMs),
  };
}

function find(noted: readonly Noted[], kind: Noted["kind"], says: Says): Noted | undefined {
  return noted.find((each) => each.kind === kind && each.messages.some(says));
}

function isComplete(times: object): boolean {
  return Object.values(times).every((ms) => !Number.isNaN(ms));
}
