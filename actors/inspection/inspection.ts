/**
 * Shows a node's actors to whoever asks: all of them at once in the answer, and what they do as it happens for as long
 * as somebody keeps asking. Nobody is observed, and no timer runs, while nobody does.
 */
import type { Cancel, Clock } from "../../infra/clock/clock.ts";
import {
  inspectionLeaseMs,
  inspectionPulseMs,
  type ChartDefinition,
  type InspectedActor,
  type InspectionAnswer,
  type InspectionEvent,
  type InspectionHead,
  type InspectionPulse,
} from "../../infra/status/inspection.ts";
import type { Inspectable } from "../actor.ts";
import { eventSubject, pulseSubject } from "../subjects.ts";
import type { Report } from "./actor-report.ts";
import { failurePart, placeOf, viewOf } from "./actor-view.ts";
import { Publisher } from "./publisher.ts";
import { redactEvent } from "./redaction.ts";

export interface InspectionOptions {
  readonly node: string;
  readonly start: number;
  readonly prefix: string;
  readonly clock: Clock;
  /** Of one message, as the server says now. */
  readonly messageBytesMax: () => number;
  readonly publish: (subject: string, bytes: Uint8Array) => void;
  /** A message could not be made; the actors go on. */
  readonly failed: (reason: unknown) => void;
}

/** For the head of an answer, and for what JSON puts between its actors. */
const headBytes = 1024;

export class Inspection {
  readonly #options: InspectionOptions;
  readonly #actors = new Map<string, Inspectable>();
  readonly #publisher: Publisher;
  #sequence = 0;
  #wantedUntilMs = 0;
  /** Runs exactly while somebody looks. */
  #cancelPulse: Cancel | undefined;

  constructor(options: InspectionOptions) {
    this.#options = options;
    this.#publisher = new Publisher(options.clock);
  }

  /** One of the same name takes the place of the last. */
  made(actor: Inspectable): void {
    this.#actors.get(actor.name)?.observe(undefined);
    this.#actors.set(actor.name, actor);
    if (this.#isWanted) this.#observe(actor);
  }

  /** Somebody wants to look from now on. `request`: empty, or JSON as in `{"machines":false}`. */
  asked(reply: string, request: Uint8Array): void {
    const machines = wantsMachines(request);
    if (machines === undefined) return this.#send(reply, badRequest);
    for (const part of this.#answer(machines)) this.#send(reply, part);
    const { clock } = this.#options;
    this.#wantedUntilMs = clock.monotonicMs() + inspectionLeaseMs;
    if (this.#isWanted) return;
    for (const actor of this.#actors.values()) this.#observe(actor);
    this.#pulse();
  }

  stop(): void {
    this.#cancelPulse?.();
    this.#cancelPulse = undefined;
    this.#publisher.stop();
    for (const actor of this.#actors.values()) actor.observe(undefined);
  }

  get #isWanted(): boolean {
    return this.#cancelPulse !== undefined;
  }

  #observe(actor: Inspectable): void {
    const send = (report: Report): void => {
      try {
        this.#tell(actor, report);
      } catch (reason) {
        this.#options.failed(reason);
      }
    };
    actor.observe(this.#publisher.observer(send));
  }

  #pulse(): void {
    const { clock, prefix, node } = this.#options;
    if (clock.monotonicMs() >= this.#wantedUntilMs) return this.stop();
    const pulse: InspectionPulse = this.#head();
    this.#send(pulseSubject(prefix, node), pulse);
    this.#cancelPulse = clock.after(inspectionPulseMs, () => this.#pulse());
  }

  #tell(actor: Inspectable, report: Report): void {
    const { clock, node, prefix } = this.#options;
    const { name, machine, status, failure, memory } = actor;
    this.#sequence += 1;
    const event: InspectionEvent = {
      ...this.#head(),
      atMs: clock.wallMs(),
      actor: `${node}/${name}`,
      machine,
      status,
      ...failurePart(failure),
      ...report,
      event: redactEvent(report.event),
      memory: memory.toJSON(),
    };
    const { group, role } = placeOf(name);
    this.#send(eventSubject(prefix, node, group, role), event);
  }

  #head(): InspectionHead {
    const { node, start } = this.#options;
    return { node, start, sequence: this.#sequence };
  }

  #answer(machines: boolean): InspectionAnswer[] {
    const { node, messageBytesMax } = this.#options;
    const shares = [emptyShare()];
    const told = new Set<string>();
    let room = messageBytesMax() - headBytes;
    for (const actor of this.#actors.values()) {
      const { machine, definition } = actor;
      const view = viewOf(node, actor);
      const isNew = machines && !told.has(machine);
      const bytes = bytesOf(view) + (isNew ? bytesOf(definition) : 0);
      if (bytes > room) {
        shares.push(emptyShare());
        room = messageBytesMax() - headBytes;
      }
      room -= bytes;
      const share = shares.at(-1);
      share?.actors.push(view);
      if (isNew && share !== undefined) share.machines[machine] = definition;
      told.add(machine);
    }
    return shares.map((share, at) => ({
      ...this.#head(),
      part: at + 1,
      parts: shares.length,
      actors: share.actors,
      ...(machines ? { machines: share.machines } : {}),
    }));
  }

  #send(subject: string, message: object): void {
    this.#options.publish(subject, Buffer.from(JSON.stringify(message)));
  }
}

const badRequest = {
  error: {
    code: "BAD_REQUEST",
    message: 'inspect takes nothing, or JSON as in {"machines":false}',
    retryable: false,
    outcome: "not executed",
  },
};

interface Share {
  readonly actors: InspectedActor[];
  readonly machines: Record<string, ChartDefinition>;
}

function emptyShare(): Share {
  return { actors: [], machines: {} };
}

/** Undefined when the request is not one. */
function wantsMachines(request: Uint8Array): boolean | undefined {
  if (request.length === 0) return true;
  try {
    const asked: unknown = JSON.parse(Buffer.from(request).toString("utf8"));
    const { machines = true } = asked as { readonly machines?: unknown };
    return typeof machines === "boolean" ? machines : undefined;
  } catch {
    return undefined;
  }
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value)) + 64;
}
