/** Why a replica or a node takes no part any more, as `status` shows it. */
import type { ErrorCode } from "../errors/error-table.ts";

/** Why a replica or a node takes no part any more. */
export interface StopReason {
  /** One of the error table. */
  readonly code: ErrorCode;
  /** What happened, with its values. */
  readonly text: string;
}
