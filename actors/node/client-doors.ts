/**
 * A node's doors to clients, all on one connection: frames, raw subjects, interest in changes, discovery as a NATS micro
 * service, and inspection.
 */
import type { Clock } from "../../infra/clock/clock.ts";
import { timeText } from "../../infra/clock/time-text.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { Start } from "../../machines/node/start.ts";
import type { DropCounts } from "../drop-counts.ts";
import type { ChangeFeedPorts } from "../feed/change-feed.ts";
import { InterestDoor } from "../feed/interest-door.ts";
import { Interests } from "../feed/interests.ts";
import { Outlet } from "../feed/outlet.ts";
import { WatchSubjects } from "../feed/watch-subjects.ts";
import { Inspection } from "../inspection/inspection.ts";
import { Endpoint } from "../raw/endpoint.ts";
import { MicroService } from "../raw/micro-service.ts";
import { RawDoor } from "../raw/raw-door.ts";
import type { Replica } from "../replica/replica.ts";
import { apiSubject } from "../subjects.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";

export interface ClientDoorsOptions extends Pick<
  GatewayOptions,
  "barred" | "forward" | "frameBytesMax" | "nodeStatus" | "regionsAsked" | "routes" | "statusAsked"
> {
  readonly topology: Topology;
  readonly node: string;
  readonly start: Start;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly version: string;
  readonly drops: DropCounts;
  /** By group. */
  readonly replicas: ReadonlyMap<string, Replica>;
  /** Undefined before the birth of `meta` is known. */
  readonly clusterId: () => string | undefined;
}

export class ClientDoors {
  readonly inspection: Inspection;
  /** What replicas tell their changes to. */
  readonly changes: ChangeFeedPorts;
  readonly #gateway: Gateway;
  readonly #interestDoor: InterestDoor;
  readonly #rawDoor: RawDoor;
  readonly #microService: MicroService;

  constructor(options: ClientDoorsOptions) {
    const { topology, node, start, clock, transport, version, drops, replicas } = options;
    const { prefix, cluster } = topology;
    const shared = { transport, clock, drops, node, prefix, replicas: () => replicas.values() };
    const api = new Endpoint("api", apiSubject(prefix));
    this.inspection = new Inspection({
      node,
      start: start.start,
      prefix,
      clock,
      messageBytesMax: () => transport.payloadBytesMax,
      publish: (subject, bytes) => this.deliver(subject, bytes),
      failed: () => drops.count("inspection message not made"),
    });
    this.changes = changeFeedPorts(topology, clock, transport, drops);
    this.#gateway = new Gateway({
      ...options,
      prefix,
      endpoint: api,
      replicaOf: (group) => replicas.get(group),
      feedWanted: (clusterId, group) => {
        if (clusterId === options.clusterId()) this.#feedWanted(replicas.get(group), group);
      },
      inspectAsked: (reply, request) => this.inspection.asked(reply, request),
    });
    this.#interestDoor = new InterestDoor({ ...shared, ...this.changes });
    this.#rawDoor = new RawDoor(shared);
    this.#microService = new MicroService({
      transport,
      version,
      id: `${node}-${start.start.toString(36)}`,
      node,
      cluster,
      started: timeText(clock.wallMs()),
      endpoints: [...this.#rawDoor.endpoints, this.#interestDoor.endpoint, api],
      deliver: (reply, bytes) => this.deliver(reply, bytes),
    });
  }

  listen(): void {
    this.#gateway.listen();
    this.#interestDoor.listen();
    this.#rawDoor.listen();
    this.#microService.listen();
  }

  /** Nothing more is taken; clients turn to other nodes. */
  drain(): void {
    this.#gateway.drain();
    this.#rawDoor.drain();
  }

  stop(): void {
    this.#rawDoor.stop();
    this.inspection.stop();
  }

  /** A replica of this node leads, or begins to campaign. */
  mayLead(): void {
    this.#rawDoor.mayLead();
  }

  /** Sends to a reply subject. Never throws. */
  deliver(reply: string, bytes: Uint8Array, atOnce = false): void {
    this.#gateway.deliver(reply, bytes, atOnce);
  }

  takeForwarded(frame: Uint8Array, reply: string): void {
    this.#gateway.takeForwarded(frame, reply);
  }

  #feedWanted(replica: Replica | undefined, group: string): void {
    if (replica === undefined) return;
    this.changes.interests.wantFeed(group);
    replica.interestHeard();
  }
}

function changeFeedPorts(
  { prefix, buckets }: Topology,
  clock: Clock,
  transport: Transport,
  drops: DropCounts,
): ChangeFeedPorts {
  const always = buckets.filter(({ watch }) => watch === "subjects").map(({ name }) => name);
  const interests = new Interests(clock, always);
  const outlet = new Outlet(transport, drops);
  const watchSubjects = new WatchSubjects({ prefix, interests, outlet });
  return { prefix, interests, outlet, watchSubjects };
}
