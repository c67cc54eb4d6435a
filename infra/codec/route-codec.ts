/**
 * The answer to `route`, which a client asks before anything else:
 *
 *   [1, 2, clusterId, version, [[id, version, start: bin, end: bin or nil, group]], [[group, [node], leader or nil]], stamp]
 */
import { Packr } from "msgpackr";
import type { RoutingTable } from "../../machines/region-manager/routing.ts";
import { readRegions, regionElements } from "./birth-codec.ts";
import { replyVersion, requestKind } from "./formats.ts";
import { MalformedMessage, positionalOf } from "./positional.ts";

export interface Route extends Omit<RoutingTable, "physicalMs"> {
  /**
   * A revision not older than any the cluster has handed out: new sessions are born at it. 0 from a node that has not
   * heard from the leader of group `meta`.
   */
  readonly stamp: number;
}

const packr = new Packr({ useRecords: false });
const groupsMax = 1024;
const nodesMax = 64;

export function encodeRoute(route: Route): Uint8Array {
  return Buffer.from(
    packr.pack([
      replyVersion,
      requestKind.route,
      route.clusterId,
      route.version,
      regionElements(route.regions),
      route.groups.map(({ group, nodes, leader }) => [group, nodes, leader ?? null]),
      BigInt(route.stamp),
    ]),
  );
}

/** Throws `MalformedMessage`. */
export function decodeRoute(bytes: Uint8Array): Route {
  const fields = positionalOf(bytes);
  if (fields.natural() !== replyVersion || fields.natural() !== requestKind.route) {
    throw new MalformedMessage("not a routing table of this version");
  }
  return {
    clusterId: fields.text(),
    version: fields.natural(),
    regions: readRegions(fields),
    groups: fields.list(groupsMax, (route) => ({
      group: route.text(),
      nodes: route.texts(nodesMax),
      leader: route.optionalText(),
    })),
    stamp: fields.natural(),
  };
}
