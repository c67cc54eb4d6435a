/** The TypeScript client of Synod: `connect`, and the types and errors a program meets. */
export { connect, type ConnectOptions } from "./connect.ts";
export type { SynodClient } from "./synod-client.ts";
export type { Bucket, BucketOptions, Deleted } from "./bucket.ts";
export { KvWatchInclude } from "./bucket-watch.ts";
export type { HistoryOptions, WatchEntry, WatchOptions } from "./bucket-watch.ts";
export type { BucketStatus } from "./bucket-status.ts";
export type { Codecs, KeyCodec, ValueCodec } from "./codecs.ts";
export type { Entry, EntryOperation } from "./entry.ts";
export type { Lock, LockOptions } from "./lock/lock.ts";
export type { Election, ElectOptions } from "./lock/election.ts";
export type { Filter } from "./key-listing.ts";
export type { QueuedIterator } from "./queued-iterator.ts";
export type { Key, Value } from "./input.ts";
export type {
  CallOptions,
  Consistency,
  DeleteOptions,
  GetOptions,
  PurgeOptions,
  PutManyOptions,
  PutOptions,
  ReadOptions,
  WriteOptions,
} from "./options.ts";
export type { Bounds, RangePage, RangeQuery, RangeScan } from "./range-scan.ts";
export type { DeletedRange } from "./delete-range.ts";
export type { Watch, WatchCallbacks, WatchProgress } from "./watch/watch.ts";
export type { WatchStatus } from "./watch/watch-core.ts";
export type { Transaction, TransactionBucket, TransactionRange } from "./transaction.ts";
export type { Transacted, TransactionOptions } from "./transact.ts";
export type { Check, Committed, Declared, Operation, OperationOutcome } from "./commit.ts";
export type { ClusterStatus, GroupStatus, RegionsStatus, RegionStatus } from "./admin.ts";
export type { NodeReport } from "../infra/status/cluster-status.ts";
export type { NodeStatus } from "../infra/status/node-status.ts";
export type { ReplicaStatus } from "../infra/status/replica-status.ts";
export type { StopReason } from "../infra/status/stop-reason.ts";
export type { ClientLimits } from "./core/limits.ts";
export type { Revision } from "../kv/revision.ts";
export { SynodError } from "../infra/errors/synod-error.ts";
export {
  AbortedError,
  ConflictError,
  CrossGroupTransactionError,
  PartialFailureError,
  TimeoutError,
  WatchGapError,
  type KeyOwner,
  type PartOutcome,
} from "./errors.ts";
export {
  errorTable,
  type ErrorCode,
  type ErrorMeaning,
  type Outcome,
} from "../infra/errors/error-table.ts";
