/** Under which name each writing operation was sent: what tells, in a log, what became of that very operation. */
import type { WriteEnvelope } from "../../infra/codec/request-envelope.ts";
import { loggedKind, type Logged, type RequestId } from "../../kv/frame.ts";
import type { Recorded } from "./history.ts";

export interface Attempt {
  /** Of the frame or request that it is part of, as `nameOf` has it. */
  readonly name: string;
  /** Among its operations. */
  readonly position: number;
}

type Operation = Recorded["operation"];

export class Attempts {
  readonly #byOperation = new Map<Operation, Attempt[]>();

  /** Operations of one frame, in their order. */
  noteFrame({ group, session, number }: WriteEnvelope, operations: readonly Operation[]): void {
    const name = frameName(group, session, number);
    for (const [position, operation] of operations.entries()) {
      this.#note(operation, { name, position });
    }
  }

  /** The one operation of a raw request. */
  noteRequest(identity: RequestId, operation: Operation): void {
    this.#note(operation, { name: requestName(identity), position: 0 });
  }

  /** Undefined of an operation that was never sent. */
  of(operation: Operation): readonly Attempt[] | undefined {
    return this.#byOperation.get(operation);
  }

  #note(operation: Operation, attempt: Attempt): void {
    const own = this.#byOperation.get(operation);
    if (own === undefined) this.#byOperation.set(operation, [attempt]);
    else if (own.at(-1)?.name !== attempt.name) own.push(attempt);
  }
}

export function nameOf(logged: Logged): string {
  if (logged.kind === loggedKind.request) return requestName(logged.identity);
  return frameName(logged.group, logged.session, logged.number);
}

function frameName(group: string, session: string, number: number): string {
  return `frame ${number} of session ${hexOf(session)} to ${group}`;
}

function requestName(identity: RequestId): string {
  return `request ${hexOf(identity)}`;
}

function hexOf(identifier: string): string {
  return Buffer.from(identifier, "latin1").toString("hex");
}
