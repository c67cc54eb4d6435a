/** Whether an answer that came as JSON is one: looked at as far as it is read here. */
import type { ClusterAnswer } from "../infra/status/cluster-status.ts";
import type { NodeStatus } from "../infra/status/node-status.ts";

type Routing = ClusterAnswer["routing"];

export function isRouting(answer: unknown): answer is Routing {
  if (!isObject(answer)) return false;
  const { clusterId, version, regions, groups } = answer;
  return (
    typeof clusterId === "string" &&
    typeof version === "number" &&
    isListOf(regions, isRegion) &&
    isListOf(groups, isGroup)
  );
}

export function isClusterAnswer(answer: unknown): answer is ClusterAnswer {
  if (!isObject(answer)) return false;
  const { routing, nodes } = answer;
  return isRouting(routing) && isListOf(nodes, isNodeReport);
}

export function isNodeStatus(answer: unknown): answer is NodeStatus {
  if (!isObject(answer)) return false;
  const { node, state, replicas } = answer;
  return typeof node === "string" && typeof state === "string" && Array.isArray(replicas);
}

function isNodeReport(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { node, status } = value;
  return typeof node === "string" && (status === undefined || isNodeStatus(status));
}

function isRegion(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, version, start, end, group } = value;
  return (
    typeof id === "number" &&
    typeof version === "number" &&
    isBound(start) &&
    (end === undefined || isBound(end)) &&
    typeof group === "string"
  );
}

/** The first of all keys, or a bucket, a zero byte and a key. */
function isBound(value: unknown): boolean {
  return typeof value === "string" && (value === "" || value.indexOf("\0") > 0);
}

function isGroup(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { group, nodes, leader } = value;
  return (
    typeof group === "string" &&
    isListOf(nodes, (node) => typeof node === "string") &&
    (leader === undefined || typeof leader === "string")
  );
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
