/** Keeps asking every node how it is, as anybody may, and remembers what each said last. */
import type { Ballot } from "../../../machines/ballot.ts";
import type { NodeStatus } from "../../../infra/status/node-status.ts";
import type { ReplicaStatus } from "../../../infra/status/replica-status.ts";
import { adminSubject } from "../../../actors/subjects.ts";
import { NatsTransport } from "../../../infra/transport/nats-transport.ts";

const askIntervalMs = 40;
/** An older word says nothing about now. */
const freshMs = 400;

interface Heard {
  readonly status: NodeStatus;
  readonly atMs: number;
}

export class Watcher {
  readonly #transport: NatsTransport;
  readonly #heard = new Map<string, Heard>();
  readonly #timer: NodeJS.Timeout;

  constructor(servers: readonly string[], prefix: string) {
    this.#transport = new NatsTransport({ servers, name: "watcher", onProblem: () => undefined });
    const reply = `${this.#transport.inboxPrefix}.status`;
    this.#transport.subscribe(reply, ({ payload }) => this.#note(payload));
    this.#timer = setInterval(() => {
      this.#transport.publish(adminSubject(prefix, "node"), new Uint8Array(), { reply });
    }, askIntervalMs);
  }

  /** What the node says of itself; undefined while it is silent. */
  status(node: string): NodeStatus | undefined {
    const heard = this.#heard.get(node);
    return heard !== undefined && performance.now() - heard.atMs < freshMs
      ? heard.status
      : undefined;
  }

  replica(node: string, group: string): ReplicaStatus | undefined {
    return this.status(node)?.replicas.find((replica) => replica.group === group);
  }

  /** Nodes that say at this moment that they lead the group. */
  leadersOf(group: string): string[] {
    return [...this.#heard.keys()].filter((node) => this.replica(node, group)?.role === "leader");
  }

  /** Ballots of the nodes that say so. */
  ballotsOf(group: string): Ballot[] {
    return this.leadersOf(group).flatMap((node) => this.replica(node, group)?.ballot ?? []);
  }

  /** What was heard so far is not to be taken for what will be heard. */
  forget(): void {
    this.#heard.clear();
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return this.#transport.close();
  }

  #note(payload: Uint8Array): void {
    const status = JSON.parse(Buffer.from(payload).toString()) as NodeStatus;
    this.#heard.set(status.node, { status, atMs: performance.now() });
  }
}
