/** What is said on `/live`. */
import type { LiveMessage } from "../../infra/status/live-message.ts";
import type { ClusterInspection, InspectionNews } from "./cluster-inspection.ts";

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
