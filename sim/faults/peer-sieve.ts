/** A look at what nodes say to each other, for faults that wait for a message or drop only some. */
import { decodePeerMessage, type PeerMessage } from "../../infra/codec/peer-codec.ts";
import type { SimulatedNetwork } from "../../infra/transport/simulated-network.ts";
import type { SimulatedMessage } from "../../infra/transport/simulated-transport.ts";
import { protocolSubjectPrefix } from "../../infra/transport/subject.ts";

export interface Said {
  readonly message: PeerMessage;
  readonly from: string;
  readonly to: string;
  /** As it was sent, for whoever wants to have it said again. */
  readonly sent: SimulatedMessage;
}

/** Shows every message of one group, once for each receiver; it is dropped when `look` says so. */
export function siftGroup(
  network: SimulatedNetwork,
  group: string,
  look: (said: Said) => boolean,
): void {
  let latest: SimulatedMessage | undefined;
  let said: PeerMessage | undefined;
  network.sift((message, to) => {
    if (!message.subject.startsWith(protocolSubjectPrefix)) return false;
    if (message !== latest) {
      // A copy for every receiver: decoded once.
      latest = message;
      const { envelope, message: decoded } = decodePeerMessage(message.payload);
      said = envelope.group === group ? decoded : undefined;
    }
    return (
      said !== undefined &&
      look({ message: said, from: message.sender.process.name, to, sent: message })
    );
  });
}
