/**
 * All actors of a cluster, put together from what its nodes say. Nodes are asked only while somebody looks: without
 * being asked they say nothing.
 */
import type { Cancel, Clock } from "../../infra/clock/clock.ts";
import {
  inspectionLeaseMs,
  inspectionPulseMs,
  type InspectionEvent,
} from "../../infra/status/inspection.ts";
import type { Subscription, Transport } from "../../infra/transport/transport.ts";
import { adminSubject } from "../../actors/subjects.ts";
import { answerFrom, eventFrom, isEvent } from "./heard-messages.ts";
import { NodeView } from "./node-view.ts";

export type InspectionNews =
  /** The node, its start or its actors are others than before, or something was lost: look at it anew. */
  | { readonly type: "snapshot"; readonly node: string }
  | { readonly type: "transition"; readonly event: InspectionEvent }
  | { readonly type: "node-gone" | "node-back"; readonly node: string }
  /** With the NATS server; without one nothing is heard of any node. */
  | { readonly type: "connection"; readonly connected: boolean };

export interface ClusterInspectionOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly prefix: string;
}

const renewMs = inspectionLeaseMs * 0.4;
/** Three pulses. */
const silenceMs = 3 * inspectionPulseMs;
const lookIntervalMs = 100;
/** What was lost is asked for again at most so often. */
const askIntervalMs = 200;

export class ClusterInspection {
  readonly #options: ClusterInspectionOptions;
  readonly #listeners = new Set<(news: InspectionNews) => void>();
  readonly #nodes = new Map<string, NodeView>();
  #subscriptions: Subscription[] = [];
  #cancelLook: Cancel | undefined;
  #askedMs = -Infinity;
  #isAskWanted = false;

  constructor(options: ClusterInspectionOptions) {
    this.#options = options;
    options.transport.onConnectionChange((connected) => this.#connectionChanged(connected));
  }

  /** In the order of their names. */
  get nodes(): readonly NodeView[] {
    return [...this.#nodes.values()]
      .filter(({ isUnknown }) => !isUnknown)
      .toSorted((left, right) => left.node.localeCompare(right.node, "en", { numeric: true }));
  }

  /** Until the function it returns is called. The last one that stops listening ends the asking. */
  listen(listener: (news: InspectionNews) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end();
    };
  }

  #begin(): void {
    const { transport, prefix } = this.#options;
    this.#subscriptions = [
      transport.subscribe(this.#inbox, ({ payload }) => this.#answered(payload)),
      transport.subscribe(`${prefix}.events.>`, ({ subject, payload }) =>
        this.#told(subject, payload),
      ),
    ];
    this.#askedMs = -Infinity;
    this.#look();
  }

  #end(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
    // Nothing will be heard of what happens to them.
    this.#nodes.clear();
  }

  get #inbox(): string {
    return `${this.#options.transport.inboxPrefix}.inspect`;
  }

  #look(): void {
    const { clock, transport } = this.#options;
    const nowMs = clock.monotonicMs();
    const sinceAskedMs = nowMs - this.#askedMs;
    const isDue = sinceAskedMs >= (this.#nodes.size === 0 ? askIntervalMs : renewMs);
    if (isDue || (this.#isAskWanted && sinceAskedMs >= askIntervalMs)) this.#ask(nowMs);
    for (const view of transport.connected ? this.#nodes.values() : []) {
      if (view.gone || nowMs - view.heardMs < silenceMs) continue;
      view.gone = true;
      this.#tell({ type: "node-gone", node: view.node });
    }
    this.#cancelLook = clock.after(lookIntervalMs, () => this.#look());
  }

  #ask(nowMs: number): void {
    const { transport, prefix } = this.#options;
    if (!transport.connected) return;
    this.#askedMs = nowMs;
    this.#isAskWanted = false;
    const views = [...this.#nodes.values()];
    const machines = views.length === 0 || views.some(({ hasCharts }) => !hasCharts);
    const request = Buffer.from(JSON.stringify({ machines }));
    transport.publish(adminSubject(prefix, "inspect"), request, { reply: this.#inbox });
  }

  #answered(payload: Uint8Array): void {
    const answer = answerFrom(payload);
    if (answer === undefined) return;
    const view = this.#heard(answer.node);
    const isChanged = view.answered(answer);
    if (!view.hasCharts) this.#isAskWanted = true;
    if (isChanged) this.#tell({ type: "snapshot", node: answer.node });
  }

  #told(subject: string, payload: Uint8Array): void {
    const said = eventFrom(subject, payload);
    if (said === undefined) return;
    const view = this.#heard(said.node);
    view.tells = true;
    if (view.misses(said)) this.#isAskWanted = true;
    if (isEvent(said) && view.happened(said)) this.#tell({ type: "transition", event: said });
  }

  #heard(node: string): NodeView {
    const view = this.#nodes.get(node) ?? new NodeView(node);
    this.#nodes.set(node, view);
    view.heardMs = this.#options.clock.monotonicMs();
    if (view.gone) {
      view.gone = false;
      this.#tell({ type: "node-back", node });
    }
    return view;
  }

  #connectionChanged(connected: boolean): void {
    if (this.#listeners.size === 0) return;
    const nowMs = this.#options.clock.monotonicMs();
    for (const view of this.#nodes.values()) view.heardMs = nowMs;
    this.#isAskWanted = true;
    this.#tell({ type: "connection", connected });
  }

  #tell(news: InspectionNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}
