/**
 * How large things may be and how long they live, in one place. All of it is enforced while an entry is applied,
 * so changing a number changes the behaviour of apply: it needs a cluster version raised by an entry.
 */
import { revisionsPerMs } from "./revision.ts";

/** Bytes of a bucket's name. The bucket does not count towards the key. */
export const bucketBytesMax = 128;
/** Bytes of a key, without its bucket and the separating zero byte. */
export const keyBytesMax = 1024;
/** Bytes of a range's bound: any internal key, or what follows one directly. */
export const boundBytesMax = bucketBytesMax + 1 + keyBytesMax + 1;
export const valueBytesMax = 512 * 1024;
/** Ten years: an expiry stays a safe integer for as long as revisions do. */
export const ttlMsMax = 10 * 365 * 24 * 60 * 60 * 1000;

/** Operations of one frame, whatever their size. */
export const frameOperationsMax = 10_000;
export const transactionOperationsMax = 128;
export const transactionChecksMax = 1024;
/** Keys all ranges a transaction checks may hold together. */
export const transactionRangeKeysMax = 4000;
/** Encoded bytes of one transaction: its checks, keys and values. */
export const transactionBytesMax = 900 * 1024;

/** Rows of one page of a range; the rows one `deleteRange` removes. */
export const pageRowsMax = 1000;
/** Key and value bytes of one page. A page always holds at least one row. */
export const pageBytesMax = 512 * 1024;
/** Encoded bytes of one frame's results: they must fit into one message of 1 MiB. */
export const answerBytesMax = 1000 * 1024;
/** Encoded bytes of one result, without what is counted by itself: values, keys and the results inside. */
export const resultBytesMax = 40;
/** Encoded bytes of a range's row beside its key and its value. */
export const rowBytesMax = 26;
/** Encoded bytes of a row of changes beside its key and its value. */
export const changeRowBytesMax = rowBytesMax + 1;
/** Encoded bytes of the key at which a page ends. */
export const cursorBytesMax = boundBytesMax + 3;
/** Encoded bytes of the version at which a page of changes ends. */
export const changesCursorBytesMax = cursorBytesMax + 10;
/** Changes of one table in memory that are sorted for a page; where there are more the table is walked key by key. */
export const sortedChangesMax = 4096;
/** Keys, and versions of changes, one frame of reads may look at, tombstones included; a page ends early when they are used up. */
export const readStepsMax = 20_000;

/** Keys all range operations of one entry may look at together, so that work per entry is bounded. */
export const entryRangeKeysMax = 10_000;
/** Keys one entry expires, and sessions one entry removes. */
export const expiriesPerEntryMax = 1000;

/** Frames of one session that may be open at once: numbers above the floor that are remembered. */
export const sessionWindow = 256;
/** Revisions from a session's birth to its end: 30 minutes. */
export const sessionLifetime = 30 * 60 * 1000 * revisionsPerMs;

/** How long answers to requests are kept by their reply subject: two minutes of revisions. */
export const replyIdentityLifetime = 2 * 60 * 1000 * revisionsPerMs;
/** How long they are kept by a message id: as long as a session lives. */
export const messageIdentityLifetime = sessionLifetime;
/** Bytes of kept answers, for each of the two. */
export const requestBytesMax = 64 * 1024 * 1024;
/** Kept answers are given up a generation at a time: it holds that many bytes, or what came in an eighth of a lifetime. */
export const requestGenerationBytesMax = requestBytesMax / 16;
export const requestGenerationsPerLifetime = 8;

/** Slots between two state checksums that replicas compare. */
export const checksumInterval = 10_000;
