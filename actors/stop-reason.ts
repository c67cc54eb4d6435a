/** From what was thrown to why a replica or a node takes no part any more. */
import { SynodError } from "../infra/errors/synod-error.ts";
import type { StopReason } from "../infra/status/stop-reason.ts";
import { InvariantViolation } from "../machines/invariant.ts";

/** A broken invariant means that memory cannot be trusted; a storage error that the disk cannot. Neither is retried. */
export function stopReasonOf(error: unknown): StopReason {
  if (error instanceof SynodError) return { code: error.code, text: error.message };
  if (error instanceof InvariantViolation) {
    return { code: "INVARIANT_FAILED", text: error.message };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "INTERNAL_ERROR", text };
}
