/** What a client has met so far, for those who look into it. */
export interface ClientCounters {
  frames: number;
  attempts: number;
  /** Attempts that nobody answered in time. */
  unanswered: number;
  /** Attempts sent to where nobody listened. */
  unheard: number;
  refusals: number;
  malformedReplies: number;
  /** Replies to another frame than the one whose ticket they carry. */
  strayReplies: number;
  /** On a feed of changes. */
  malformedFeedMessages: number;
}

export function newCounters(): ClientCounters {
  return {
    frames: 0,
    attempts: 0,
    unanswered: 0,
    unheard: 0,
    refusals: 0,
    malformedReplies: 0,
    strayReplies: 0,
    malformedFeedMessages: 0,
  };
}
