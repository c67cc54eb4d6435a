/** The codes with which the replicated state machine refuses; each is a code of the error table. */
export const refusalCodes = [
  "BAD_REQUEST",
  "BAD_BUCKET",
  "BAD_KEY",
  "VALUE_TOO_LARGE",
  "FRAME_TOO_LARGE",
  "TRANSACTION_TOO_LARGE",
  "NOT_A_NUMBER",
  "CONFLICT",
  "WRONG_CLUSTER",
  "WRONG_REGION",
  "TOO_OLD",
  "CLOCK_TOO_FAR_AHEAD",
  "OVERLOADED",
  "STALE_FRAME",
  "SESSION_MISUSE",
  "SESSION_EXPIRED",
  "SESSION_WINDOW",
  "REQUEST_ID_REUSED",
] as const;

export type RefusalCode = (typeof refusalCodes)[number];
