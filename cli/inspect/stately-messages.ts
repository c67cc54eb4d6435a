/**
 * The cluster in the words of @statelyai/inspect, whose receivers and inspector window understand them. An actor's
 * session id is its own id, `n1/g1/acceptor`: xstate's are only unique within one process. A chart travels whole,
 * where their adapters cut it below a depth.
 */
import type { InspectedActor, InspectionEvent } from "../../infra/status/inspection.ts";
import type { ClusterInspection, InspectionNews } from "./cluster-inspection.ts";
import type { NodeView } from "./node-view.ts";

/** Of @statelyai/inspect, whose messages these are. */
const protocolVersion = "0.7.2";

interface StatelyHead {
  readonly sessionId: string;
  /** The actor above all others of its node. */
  readonly rootId: string;
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
}

interface StatelySnapshot {
  readonly status: "active" | "stopped" | "error";
  readonly value: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly children: object;
  readonly historyValue: object;
  readonly tags: readonly string[];
}

interface StatelyEvent {
  readonly type: string;
}

export type StatelyMessage = StatelyHead &
  (
    | {
        readonly type: "@xstate.actor";
        readonly name: string;
        readonly parentId?: string;
        /** JSON in JSON. */
        readonly definition?: string;
        readonly snapshot: StatelySnapshot;
      }
    | { readonly type: "@xstate.event"; readonly event: StatelyEvent; readonly sourceId?: string }
    | {
        readonly type: "@xstate.snapshot";
        readonly event: StatelyEvent;
        readonly snapshot: StatelySnapshot;
      }
  );

/** Every actor with its chart and what it is doing. */
export function statelySnapshot(inspection: ClusterInspection): StatelyMessage[] {
  return inspection.nodes.flatMap((node) => actorsOf(node));
}

export function statelyMessages(
  news: InspectionNews,
  inspection: ClusterInspection,
): StatelyMessage[] {
  switch (news.type) {
    case "transition":
      return stepOf(news.event);
    case "node-gone":
      return nodeOf(inspection, news.node).flatMap(({ actors }) => actors.map(silenced));
    case "snapshot":
    case "node-back":
      return nodeOf(inspection, news.node).flatMap((node) => actorsOf(node));
    default:
      return [];
  }
}

function nodeOf(inspection: ClusterInspection, name: string): readonly NodeView[] {
  return inspection.nodes.filter(({ node }) => node === name);
}

function actorsOf({ node, actors, machines, gone }: NodeView): StatelyMessage[] {
  const root = `${node}/node`;
  // The one above comes first, because the others name it.
  const ordered = actors.toSorted(
    (left, right) => Number(right.id === root) - Number(left.id === root),
  );
  return ordered.map((actor) => {
    const chart = machines.get(actor.machine);
    return {
      ...headOf(actor.id, Date.now()),
      type: "@xstate.actor",
      name: actor.id,
      ...(actor.id === root ? {} : { parentId: root }),
      ...(chart === undefined ? {} : { definition: JSON.stringify(chart) }),
      snapshot: gone ? stopped(actor) : snapshotOf(actor),
    };
  });
}

function stepOf(event: InspectionEvent): StatelyMessage[] {
  const { actor: id, machine, status, to, memory, failure, atMs } = event;
  const head = headOf(id, atMs);
  const failing = failure === undefined ? {} : { failure };
  const actor = { id, machine, status, state: to, contextSummary: memory, ...failing };
  const sender = senderOf(event);
  return [
    {
      ...head,
      type: "@xstate.event",
      event: event.event,
      ...(sender === undefined ? {} : { sourceId: sender }),
    },
    { ...head, type: "@xstate.snapshot", event: event.event, snapshot: snapshotOf(actor) },
  ];
}

/** Nothing is known of it any more. */
function silenced(actor: InspectedActor): StatelyMessage {
  return {
    ...headOf(actor.id, Date.now()),
    type: "@xstate.snapshot",
    event: { type: "node-gone" },
    snapshot: stopped(actor),
  };
}

function headOf(sessionId: string, atMs: number): StatelyHead {
  return {
    sessionId,
    rootId: `${sessionId.slice(0, sessionId.indexOf("/"))}/node`,
    createdAt: String(atMs),
    id: null,
    _version: protocolVersion,
  };
}

function snapshotOf({ state, status, contextSummary, failure }: InspectedActor): StatelySnapshot {
  return {
    status: status === "failed" ? "error" : status,
    value: state,
    context: contextSummary,
    ...(failure === undefined ? {} : { error: `${failure.code}: ${failure.text}` }),
    children: {},
    historyValue: {},
    tags: [],
  };
}

function stopped(actor: InspectedActor): StatelySnapshot {
  return { ...snapshotOf(actor), status: "stopped" };
}

/** Which role sends a message, so that the inspector can draw an arrow from it. */
const speakers: Readonly<Record<string, string>> = {
  preVote: "proposer",
  prepare: "proposer",
  accept: "proposer",
  heartbeat: "proposer",
  handOver: "proposer",
  preVoted: "acceptor",
  promised: "acceptor",
  rejected: "acceptor",
  accepted: "acceptor",
  heartbeatAcked: "acceptor",
  learnRequest: "learner",
  learned: "learner",
};

function senderOf({ actor, event }: InspectionEvent): string | undefined {
  const role = speakers[event.type];
  const { node } = (event["from"] ?? {}) as { readonly node?: unknown };
  const [, group] = actor.split("/");
  if (role === undefined || typeof node !== "string" || group === undefined) return undefined;
  return `${node}/${group}/${role}`;
}
