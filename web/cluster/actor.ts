/** One actor as the page knows it. */
import type {
  ActorFailure,
  ActorStatus,
  InspectedActor,
  InspectionEvent,
} from "../../infra/status/inspection.ts";

export interface ActorPlace {
  readonly node: string;
  /** Undefined for what a node has once. */
  readonly group: string | undefined;
  readonly role: string;
}

/** Newest first. */
const eventsMax = 100;

export class ActorModel {
  readonly id: string;
  readonly place: ActorPlace;
  machine: string;
  state: string;
  status: ActorStatus;
  failure: ActorFailure | undefined;
  memory: Readonly<Record<string, unknown>>;
  /** Newest first. */
  readonly events: InspectionEvent[] = [];

  constructor(seen: InspectedActor) {
    this.id = seen.id;
    this.place = placeOf(seen.id);
    this.machine = seen.machine;
    this.state = seen.state;
    this.status = seen.status;
    this.failure = seen.failure;
    this.memory = seen.contextSummary;
  }

  seen({ machine, state, status, failure, contextSummary }: InspectedActor): void {
    this.machine = machine;
    this.state = state;
    this.status = status;
    this.failure = failure;
    this.memory = contextSummary;
  }

  happened(event: InspectionEvent): void {
    this.machine = event.machine;
    this.state = event.to;
    this.status = event.status;
    this.failure = event.failure;
    this.memory = event.memory;
    this.events.unshift(event);
    if (this.events.length > eventsMax) this.events.pop();
  }
}

/** Of `n1/node` or `n1/g1/acceptor`. */
export function placeOf(id: string): ActorPlace {
  const [node = "", second = "", third] = id.split("/");
  return third === undefined
    ? { node, group: undefined, role: second }
    : { node, group: second, role: third };
}
