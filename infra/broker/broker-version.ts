/** Versions of nats-server: read from what it prints, ordered, and compared with the oldest that will do. */

/** The oldest nats-server that Synod is tested with. */
export const oldestBrokerVersion = "2.9.0";

/** Reads `2.9.10` out of what `nats-server --version` prints; undefined when no version is in it. */
export function parseBrokerVersion(printed: string): string | undefined {
  const found = /nats-server:?\s+v?(\d{1,4}\.\d{1,4}\.\d{1,4})/.exec(printed);
  return found?.[1];
}

/** Negative when `left` is older than `right`. Both are of the form that `parseBrokerVersion` gives. */
export function compareBrokerVersions(left: string, right: string): number {
  const leftParts = left.split(".").map(Number);
  const rightParts = right.split(".").map(Number);
  for (const [index, part] of leftParts.entries()) {
    const difference = part - (rightParts[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function isBrokerVersionSupported(version: string): boolean {
  return compareBrokerVersions(version, oldestBrokerVersion) >= 0;
}
