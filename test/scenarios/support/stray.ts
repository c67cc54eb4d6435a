/** One frame, written by hand and sent to the leader of a group that may not own its key. */
import { ReplyDecoder } from "../../../infra/codec/reply-codec.ts";
import { consistency, replyKind, requestKind } from "../../../infra/codec/formats.ts";
import {
  RequestEncoder,
  type ReadRequest,
  type WriteRequest,
} from "../../../infra/codec/request-encoder.ts";
import { isFailure } from "../../../kv/commands/result.ts";
import type { Scene } from "./scene.ts";

/** What the leader said. */
export async function strayRequest(
  scene: Scene,
  group: string,
  words: readonly string[],
): Promise<string> {
  const { cluster } = scene;
  const { world, network, topology, clusterId, randomness } = cluster;
  const leader = cluster.leaderOf(group);
  if (leader === undefined) return "nobody leads";
  const transport = network.connect(world.machine("stray").start(), { onProblem: () => {} });
  await scene.until(() => transport.connected);
  let answer: string | undefined;
  transport.subscribe(`${transport.inboxPrefix}.*`, ({ payload }) => {
    answer = answerText(payload);
  });
  const { operation, freshness } = scene.asked(words);
  const encoder = new RequestEncoder();
  const frame =
    freshness === undefined
      ? encoder.writeFrame(
          {
            kind: requestKind.write,
            clusterId,
            group,
            session: Buffer.from(randomness.split(`stray ${world.nowMs}`).bytes(16)).toString(
              "latin1",
            ),
            born: leader.host?.replica(group)?.status().lastRevision ?? 0,
            number: 1,
            floor: 0,
          },
          [operation as WriteRequest],
        )
      : encoder.readFrame(
          {
            kind: requestKind.read,
            clusterId,
            group,
            consistency: consistency.lease,
            minRevision: 0,
            maxAgeMs: 0,
            number: 1,
          },
          [operation as ReadRequest],
        );
  const reply = `${transport.inboxPrefix}.1`;
  transport.publish(`${topology.prefix}.api.${leader.name}`, frame, { reply });
  await scene.until(() => answer !== undefined, scene.timeoutMs);
  await transport.close();
  return answer ?? "no answer";
}

function answerText(payload: Uint8Array): string {
  const reply = new ReplyDecoder().decode(payload);
  if (reply.kind === "malformed") return "malformed";
  if (reply.kind === replyKind.refused) return `${reply.code}, ${reply.outcome}`;
  const [result] = reply.results;
  if (result === undefined) return "nothing";
  return isFailure(result) ? result.code : "executed";
}
