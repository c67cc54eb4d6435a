/** What an error is in the numbers of HTTP, which NATS services put into the header `Nats-Service-Error-Code`. */
import type { ErrorCode } from "./error-table.ts";

const codes: { readonly [Code in ErrorCode]?: number } = {
  BAD_REQUEST: 400,
  BAD_BUCKET: 400,
  BAD_KEY: 400,
  NOT_A_NUMBER: 400,
  CROSS_GROUP_TRANSACTION: 400,
  KEY_NOT_FOUND: 404,
  CONFLICT: 409,
  REQUEST_ID_REUSED: 409,
  TOO_OLD: 410,
  VALUE_TOO_LARGE: 413,
  FRAME_TOO_LARGE: 413,
  TRANSACTION_TOO_LARGE: 413,
  OVERLOADED: 429,
  WRONG_REGION: 503,
  NOT_LEADER: 503,
  NO_QUORUM: 503,
  UNAVAILABLE: 503,
  LEADERSHIP_LOST: 503,
  CLOCK_TOO_FAR_AHEAD: 503,
  TIMEOUT: 504,
};

/** 500 for what no raw request meets. */
export function serviceCodeOf(code: ErrorCode): number {
  return codes[code] ?? 500;
}
