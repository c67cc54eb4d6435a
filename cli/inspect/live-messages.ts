/** What the page of `synod inspect` hears on `/live`: JSON, one message each. */
import type { InspectedActor, InspectionEvent } from "../../infra/status/inspection.ts";
import type { ClusterInspection, InspectionNews } from "./cluster-inspection.ts";

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
  | { readonly type: "connection"; readonly connected: boolean };

export function liveSnapshot(inspection: ClusterInspection): LiveMessage {
  const nodes = inspection.nodes.map(({ node, start, gone, actors }) => ({
    node,
    start,
    gone,
    actors,
  }));
  return { type: "snapshot", nodes };
}

export function liveMessage(news: InspectionNews, inspection: ClusterInspection): LiveMessage {
  switch (news.type) {
    case "snapshot":
      return liveSnapshot(inspection);
    case "transition":
      return { type: "transition", ...news.event };
    default:
      return news;
  }
}
