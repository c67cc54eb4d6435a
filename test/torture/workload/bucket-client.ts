/** The library as programs use it: `connect`, buckets, declared transactions. It does not tell places in the log. */
import { connect } from "../../../client/connect.ts";
import { linearizable, quorum, type Freshness } from "../../../client/core/freshness.ts";
import type { Declared, Operation } from "../../../client/commit.ts";
import type { Entry } from "../../../client/entry.ts";
import type { Consistency } from "../../../client/options.ts";
import type { SynodClient } from "../../../client/synod-client.ts";
import { bucketPrefix } from "../../../infra/codec/key-text.ts";
import {
  checkKind,
  expectNothing,
  operationKind,
  type Increment,
  type Put,
  type Range,
  type Transaction,
} from "../../../kv/commands/operation.ts";
import type { OperationResult } from "../../../kv/commands/result.ts";
import type { InternalKey } from "../../../kv/state-reader.ts";
import { versionKind, type Version } from "../../../kv/version.ts";
import type { Answer } from "../../../sim/workload/history.ts";
import { Recorder, type ClientSetup, type Request } from "./recorder.ts";

const prefix = bucketPrefix("default");

export class BucketClient {
  readonly recorder: Recorder;
  readonly #client: SynodClient;

  private constructor(setup: ClientSetup, client: SynodClient) {
    this.#client = client;
    this.recorder = new Recorder(setup, (operation, freshness) => this.#ask(operation, freshness));
  }

  static async connect(setup: ClientSetup): Promise<BucketClient> {
    const { name, servers, timeoutMs } = setup;
    return new BucketClient(
      setup,
      await connect({ name, servers, prefix: setup.prefix, timeoutMs }),
    );
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #ask(operation: Request, freshness: Freshness | undefined): Promise<Answer> | undefined {
    switch (operation.kind) {
      case operationKind.put:
        return this.#put(operation);
      case operationKind.delete: {
        const { expectation } = operation;
        const options = expectation === expectNothing ? {} : { previousRevision: expectation };
        return this.#bucket
          .remove(nameOf(operation.key), options)
          .then(({ revision, existed }) => ({
            result: { kind: operation.kind, revision, existed },
          }));
      }
      case operationKind.increment:
        return this.#increment(operation);
      case operationKind.get:
        return this.#bucket
          .find(nameOf(operation.key), { consistency: consistencyOf(freshness) })
          .then((entry) => ({
            result: {
              kind: operation.kind,
              version: entry === null ? undefined : versionOf(entry),
            },
          }));
      case operationKind.range:
        return this.#range(operation, freshness);
      case operationKind.transaction:
        return this.#transact(operation);
      default:
        // `deleteRange` of the library goes on to the end in several steps.
        return undefined;
    }
  }

  get #bucket(): ReturnType<SynodClient["bucket"]> {
    return this.#client.bucket();
  }

  async #put({ key, source, start, end, ttlMs, expectation }: Put): Promise<Answer> {
    const options = {
      ...(ttlMs === 0 ? {} : { ttlMs }),
      ...(expectation === expectNothing ? {} : { previousRevision: expectation }),
    };
    return { result: await this.#bucket.put(nameOf(key), source.subarray(start, end), options) };
  }

  /** As a transaction, because `increment` alone tells no revision. */
  async #increment({ kind, key, delta }: Increment): Promise<Answer> {
    const operations = [{ op: "increment", key: nameOf(key), delta } as const];
    const { revision, results } = await this.#client.commit({ operations });
    const [outcome] = results;
    if (outcome?.op !== "increment") throw new Error("an increment has one result");
    return { result: { kind, revision, value: outcome.value } };
  }

  async #range(operation: Range, freshness: Freshness | undefined): Promise<Answer> {
    const { start, end, limit, reverse } = operation;
    const { entries, cursor } = await this.#bucket
      .range({
        start: bytesOfName(start),
        ...(end === undefined ? {} : { end: bytesOfName(end) }),
        limit,
        reverse,
        consistency: consistencyOf(freshness),
      })
      .page();
    const rows = entries.map((entry) => ({ key: prefix + entry.key, version: versionOf(entry) }));
    const rest =
      cursor === undefined
        ? undefined
        : prefix + Buffer.from(cursor, "base64url").toString("latin1");
    return { result: { kind: operation.kind, rows, cursor: undefined }, rest };
  }

  async #transact(transaction: Transaction): Promise<Answer> {
    const { revision, results } = await this.#client.commit(declared(transaction));
    const told = results.map((outcome): OperationResult => {
      if (outcome.op === "increment") {
        return { kind: operationKind.increment, revision, value: outcome.value };
      }
      if (outcome.op !== "put") throw new Error("no other operations are drawn for transactions");
      return revision;
    });
    return { result: { kind: transaction.kind, revision, results: told } };
  }
}

function declared({ checks, operations }: Transaction): Declared {
  return {
    checks: checks.map((check) => {
      if (check.kind !== checkKind.revision) throw new Error("no other checks are drawn");
      return { key: nameOf(check.key), revision: check.revision };
    }),
    operations: operations.map((operation): Operation => {
      if (operation.kind === operationKind.increment) {
        return { op: "increment", key: nameOf(operation.key), delta: operation.delta };
      }
      if (operation.kind !== operationKind.put) throw new Error("no others are drawn");
      const { key, source, start, end, ttlMs } = operation;
      const value = source.subarray(start, end);
      return { op: "put", key: nameOf(key), value, ...(ttlMs === 0 ? {} : { ttlMs }) };
    }),
  };
}

function consistencyOf(freshness: Freshness | undefined): Consistency {
  if (freshness === undefined || freshness === linearizable) return "linearizable";
  return freshness === quorum ? "quorum" : "stale";
}

function versionOf({ revision, value }: Entry): Version {
  return {
    revision,
    kind: versionKind.put,
    expiresAt: 0,
    source: value,
    start: 0,
    end: value.length,
  };
}

function nameOf(key: InternalKey): string {
  return key.slice(prefix.length);
}

/** A bound may hold bytes that are no text. */
function bytesOfName(bound: InternalKey): Uint8Array {
  return Buffer.from(nameOf(bound), "latin1");
}
