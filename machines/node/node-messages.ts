/** How a node introduces itself to the others, and how it learns that its store is an old copy. */

import type { Start, StartHistory } from "./start.ts";

/**
 * Sent to every node at each start and reconnect, and to one that has not met this start. The envelope carries member,
 * incarnation and start.
 */
export interface Hello extends Pick<StartHistory, "earlier"> {
  readonly type: "hello";
}

/** The newest start the answering node has met of the asking node's store. */
export interface HelloAnswer extends Start {
  readonly type: "helloAnswer";
}

export type NodeMessage = Hello | HelloAnswer;
