/** What the main thread and the writing thread of a state environment say to each other. */
import type { ErrorCode } from "../errors/error-table.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { BlockBatch, RunId } from "./block-device.ts";
import type { MergePlan } from "./merge-feed.ts";
import type { RunDescriptor } from "./run.ts";

/** What the writing thread is started with. */
export interface WorkerInput {
  readonly path: string;
  readonly urgency: SharedArrayBuffer;
}

/** Each is answered once, in order, except that a merge is answered when it is finished. */
export type Request =
  | { readonly kind: "write"; readonly number: number; readonly batch: BlockBatch }
  | {
      readonly kind: "manifest";
      readonly number: number;
      readonly group: string;
      readonly manifest: Uint8Array;
    }
  | {
      readonly kind: "drop";
      readonly number: number;
      readonly run: RunId;
      readonly blocksMax: number;
    }
  | { readonly kind: "merge"; readonly number: number; readonly plan: MergePlan }
  | { readonly kind: "close"; readonly number: number };

export interface Answer {
  readonly number: number;
  readonly failure?: FailureText;
  /** The chunk of a write comes back to be used again. */
  readonly chunk?: Uint8Array<ArrayBuffer>;
  /** Of a drop: blocks of the run remain. */
  readonly remaining?: boolean;
  /** Of a merge that left something. */
  readonly merged?: { readonly descriptor: RunDescriptor; readonly tail: ArrayBuffer };
}

/** An error on its way between threads. */
interface FailureText {
  readonly code: ErrorCode;
  readonly message: string;
}

export function failureText(failure: unknown): FailureText {
  const message = failure instanceof Error ? failure.message : String(failure);
  return { code: failure instanceof SynodError ? failure.code : "STORAGE_FAILED", message };
}

export function failureOf(text: FailureText | undefined): SynodError | undefined {
  return text === undefined ? undefined : new SynodError(text.code, text.message);
}
