/** What the page of `synod inspect` hears on `/live`: JSON, one message each. */
import type { InspectedActor, InspectionEvent } from "./inspection.ts";

export interface LiveNode {
  readonly node: string;
  readonly start: number;
  readonly gone: boolean;
  readonly actors: readonly InspectedActor[];
}

export type LiveMessage =
  /** Everything; takes the place of all that was said before. */
  | { readonly type: "snapshot"; readonly nodes: readonly LiveNode[] }
  | ({ readonly type: "transition" } & InspectionEvent)
  | { readonly type: "node-gone" | "node-back"; readonly node: string }
  /** With the NATS server; without one nothing is heard of any node. */
  | { readonly type: "connection"; readonly connected: boolean };
