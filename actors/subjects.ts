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
export function adminSubject(prefix: string, question: "status" | "regions" | "node"): string {
  return `${prefix}.admin.get.${question}`;
}
