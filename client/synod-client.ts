/** A connection to a cluster, as users hold it. */
import type { Clock } from "../infra/clock/clock.ts";
import type { Randomness } from "../infra/randomness/randomness.ts";
import type { NodeStatus } from "../infra/status/node-status.ts";
import type { Transport } from "../infra/transport/transport.ts";
import { Admin, type ClusterStatus, type RegionsStatus } from "./admin.ts";
import { bucketNames } from "./bucket-listing.ts";
import { Bucket, type BucketOptions } from "./bucket.ts";
import { Caller } from "./caller.ts";
import { commit, type Committed, type Declared } from "./commit.ts";
import { ClientCore } from "./core/client-core.ts";
import type { ClientLimits } from "./core/limits.ts";
import { noOptions, requireOptions, type CallOptions } from "./options.ts";
import type { WatchLimits } from "./watch/limits.ts";
import { transact, type Transacted, type TransactionOptions } from "./transact.ts";
import type { Transaction } from "./transaction.ts";

export interface SynodClientOptions {
  /** Closed with the client. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly limits: Partial<ClientLimits>;
  readonly watchLimits?: Partial<WatchLimits>;
  /** Called at every answer to a question for the routing table. */
  readonly routeAdopted: () => void;
  /** In place of one of its own: simulations write down what is asked of it. */
  readonly core?: ClientCore;
}

/**
 * A client of one cluster: made by `connect`, shared by the whole program, closed at its end. It reconnects by itself and
 * finds new leaders by itself; operations that were under way are sent again and executed once.
 */
export class SynodClient implements AsyncDisposable {
  readonly #caller: Caller;
  readonly #transport: Transport;
  readonly #admin: Admin;

  /** @internal Programs call `connect`. */
  constructor(options: SynodClientOptions) {
    const { transport, clock, randomness, prefix, timeoutMs } = options;
    const { core = new ClientCore(options) } = options;
    this.#transport = transport;
    this.#caller = new Caller({ core, clock, randomness, timeoutMs });
    this.#admin = new Admin(this.#caller, transport, prefix);
  }

  /** @internal */
  get core(): ClientCore {
    return this.#caller.core;
  }

  /** The keys of one bucket. Throws `BAD_BUCKET` unless the name is letters, digits, `_` and `-`, at most 128 of them. */
  bucket(name = "default", options: BucketOptions = noOptions): Bucket {
    return new Bucket(this.#caller, name, options);
  }

  /** The names of the buckets that hold a key, in byte order. One question for each. */
  async buckets(options: CallOptions = noOptions): Promise<string[]> {
    requireOptions(options);
    return bucketNames(this.#caller, options);
  }

  /**
   * Runs a function that reads and writes as if nobody else did (strictly serializable). What it reads is remembered;
   * what it writes is kept back and carried out as one atomic unit when it returns, provided that nothing it read has
   * changed since. Otherwise the function is run again, after a short pause: it must have no other effects.
   *
   * An exception of the function cancels the transaction and is thrown on, after what was read has been validated. All
   * keys have to be in one store group (`CrossGroupTransactionError`), at most 128 are written, 900 KiB together.
   * `timeoutMs` is for all attempts together. Fails with `ConflictError` when every attempt was overtaken.
   *
   * @example
   * await synod.transaction(async (transaction) => {
   *   const accounts = transaction.bucket("accounts");
   *   const balance = Number((await accounts.get("alice"))?.string() ?? 0);
   *   if (balance < 10) throw new Error("alice is short of money");
   *   accounts.put("alice", String(balance - 10));
   *   accounts.increment("bob", 10);
   * });
   */
  transaction<Result>(
    run: (transaction: Transaction) => Promise<Result> | Result,
    options: TransactionOptions = noOptions,
  ): Promise<Transacted<Result>> {
    return transact(this.#caller, run, options);
  }

  /**
   * Carries out operations as one atomic unit, provided that all checks hold. Not repeated on a conflict: that is
   * `ConflictError`. All keys have to be in one store group.
   *
   * @example
   * await synod.commit({
   *   checks: [{ key: "owner", exists: false }],
   *   operations: [{ op: "put", key: "owner", value: "me" }, { op: "increment", key: "owners" }],
   * });
   */
  async commit(transaction: Declared, options: CallOptions = noOptions): Promise<Committed> {
    return commit(this.#caller, transaction, options);
  }

  /** The cluster as its active region manager sees it: groups, leaders, regions, and what each node last reported. */
  status(options: CallOptions = noOptions): Promise<ClusterStatus> {
    return this.#admin.status(options);
  }

  /** Who owns which keys, by the active region manager. */
  regions(options: CallOptions = noOptions): Promise<RegionsStatus> {
    return this.#admin.regions(options);
  }

  /**
   * What every node says of itself, by name: those that answer within `windowMs`. Works without a region manager, so that
   * a cluster in trouble can be looked at.
   */
  nodeStatuses(
    options: { readonly windowMs?: number; readonly signal?: AbortSignal } = noOptions,
  ): Promise<NodeStatus[]> {
    return this.#admin.nodes(options);
  }

  /** Fails whatever is pending with `CLIENT_CLOSED`, whose `outcome` says whether it may have been executed. */
  async close(): Promise<void> {
    this.#caller.core.close();
    this.#admin.close();
    await this.#transport.close();
  }

  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
