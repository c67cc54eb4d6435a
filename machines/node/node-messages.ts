/** How a node introduces itself to the others, and how it learns that its store is an old copy. */

/** Sent to every node at each start and reconnect. The envelope carries member, incarnation and start. */
export interface Hello {
  readonly type: "hello";
}

/** The highest incarnation the answering node has met of the asking node's store. */
export interface HelloAnswer {
  readonly type: "helloAnswer";
  readonly member: number;
  readonly incarnation: number;
  /** Random number of that start. */
  readonly start: number;
}

export type NodeMessage = Hello | HelloAnswer;
