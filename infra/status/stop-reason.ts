/** Why a replica or a node takes no part any more, as `status` shows it. */
import type { ErrorCode } from "../errors/error-table.ts";

export interface StopReason {
  readonly code: ErrorCode;
  readonly text: string;
}
