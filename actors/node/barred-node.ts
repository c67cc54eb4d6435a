/**
 * A node whose store cannot be used: it takes no part in the cluster, but stays up and says why, so that `status` shows
 * the reason and nobody mistakes it for a node that is merely down.
 */
import { replyKind, requestKind } from "../../infra/codec/formats.ts";
import { ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { peekRequest } from "../../infra/codec/request-envelope.ts";
import { isInboxSubject } from "../../infra/transport/subject.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import { adminSubject, nodeApiSubject } from "../subjects.ts";
import type { NodeStatus } from "../../infra/status/node-status.ts";

export interface BarredNodeOptions {
  readonly clients: Transport;
  readonly prefix: string;
  readonly node: string;
  readonly nodes: readonly string[];
  readonly version: string;
  readonly reason: StopReason;
  readonly vitals: () => Readonly<Record<string, number>>;
}

export function listenAsBarredNode(options: BarredNodeOptions): void {
  const { clients, prefix, node, reason } = options;
  const encoder = new ReplyEncoder();

  clients.subscribe(adminSubject(prefix, "node"), ({ reply }) => {
    if (reply === undefined || !isInboxSubject(reply)) return;
    clients.publish(reply, Buffer.from(JSON.stringify(barredStatus(options))));
  });

  clients.subscribe(nodeApiSubject(prefix, node), ({ payload, reply }) => {
    if (reply === undefined || !isInboxSubject(reply)) return;
    const envelope = peekRequest(payload);
    if (envelope.kind !== requestKind.write && envelope.kind !== requestKind.read) return;
    const refusal = encoder.encode({
      kind: replyKind.refused,
      number: envelope.number,
      group: envelope.group,
      code: "UNAVAILABLE",
      message: `node ${node} takes no part in the cluster: ${reason.code}: ${reason.text}`,
      outcome: "not executed",
      hint: undefined,
    });
    clients.publish(reply, refusal);
  });
}

function barredStatus(options: BarredNodeOptions): NodeStatus {
  const { clients, node, nodes, version, reason, vitals } = options;
  return {
    node,
    nodes,
    version,
    state: "barred",
    member: 0,
    incarnation: 0,
    clusterId: undefined,
    connected: clients.connected,
    barred: reason,
    problems: [],
    births: {},
    replicas: [],
    unstartable: {},
    regionManager: "standby",
    flush: { appends: 0, p50Ms: 0, p99Ms: 0 },
    drops: {},
    vitals: vitals(),
  };
}
