/** The NATS subjects nodes speak on. The sender's name is the last token, and its user may publish no other. */

export function nodeSubject(prefix: string, to: string, from: string): string {
  return `${prefix}.p.n-${to}.${from}`;
}

export function groupSubject(prefix: string, group: string, from: string): string {
  return `${prefix}.p.g-${group}.${from}`;
}

export function senderOf(subject: string): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}

/** Where any node answers `route`. */
export function apiSubject(prefix: string): string {
  return `${prefix}.api`;
}

/** Where one node takes frames. */
export function nodeApiSubject(prefix: string, node: string): string {
  return `${prefix}.api.${node}`;
}

/** Questions to the cluster (answered by the active region manager) and to every single node. */
export function adminSubject(
  prefix: string,
  question: "status" | "regions" | "node" | "inspect",
): string {
  return `${prefix}.admin.get.${question}`;
}

/** Where a node tells what one of its actors did. `group`: `-` for what a node has once. */
export function eventSubject(prefix: string, node: string, group: string, role: string): string {
  return `${prefix}.events.${node}.${group}.${role}`;
}

/** Where a node that is looked at tells that it is there. */
export function pulseSubject(prefix: string, node: string): string {
  return eventSubject(prefix, node, "-", "pulse");
}

/** Where the leader of a group tells what its entries changed. */
export function feedSubject(prefix: string, group: string): string {
  return `${prefix}.feed.${group}`;
}

/** Where changes of one key are told. */
export function watchSubject(prefix: string, bucket: string, key: string): string {
  return `${prefix}.kv.${bucket}.watch.${key}`;
}

/** Where somebody says that watch subjects of a bucket are wanted. */
export function interestSubject(prefix: string, bucket: string): string {
  return `${prefix}.kv.${bucket}.interest`;
}
