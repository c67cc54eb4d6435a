/** `synod txn`: several operations as one atomic unit, provided that checks hold. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { transactionBytesMax } from "../../kv/limits.ts";
import { withClient } from "../connection/with-client.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import { readInput } from "../data/read-value.ts";
import { outcomeLines, outcomeObject, parseTransaction } from "../data/transaction-text.ts";
import type { Screen } from "../output/screen.ts";

interface TxnFlags extends DataFlags {
  readonly file?: string;
}

const help = `
The transaction is one JSON object: {"checks":[...],"ops":[...]}. All of its keys have to be in one store group.

  checks  {"key":k,"revision":n}       the key has this revision; 0: there is no such key
          {"key":k,"exists":true}      whether there is such a key
          {"prefix":p,"unchangedSince":n}
                                       no key of the range was written since; start and end work as well
  ops     {"op":"put","key":k,"value":v}
                                       valueBase64 for bytes; ttlMs, previousRevision
          {"op":"delete","key":k}      previousRevision
          {"op":"increment","key":k}   delta
          {"op":"get","key":k}

Each of them may name a bucket. Gets and increments see the state before the transaction. Exit code 5 when a check
does not hold; then nothing was changed.

Examples:
  synod txn '{"ops":[{"op":"increment","key":"a","delta":-5},{"op":"increment","key":"b","delta":5}]}'
  synod txn '{"checks":[{"key":"job","exists":false}],"ops":[{"op":"put","key":"job","value":"me"}]}'
  synod txn -f transfer.json
  generate | synod txn`;

/** JSON may write one byte in six characters. */
const textBytesMax = 6 * transactionBytesMax;

export function addTxn(program: Command, screen: Screen): void {
  const command = program
    .command("txn")
    .description("carry out several operations together, or none of them")
    .argument("[json]", "the transaction; - or nothing for standard input")
    .option("-f, --file <path>", "read it from a file");
  addDataOptions(command, help).action((json: string | undefined, flags: TxnFlags) =>
    txn(json, flags, screen),
  );
}

async function txn(argument: string | undefined, flags: TxnFlags, screen: Screen): Promise<void> {
  const declared = parseTransaction(await textFrom(argument, flags, screen), flags.bucket);
  const committed = await withClient(flags, (client) => client.commit(declared));
  if (flags.json === true) screen.say(JSON.stringify(outcomeObject(committed)));
  else screen.say(outcomeLines(committed, declared).join("\n"));
}

async function textFrom(
  argument: string | undefined,
  { file }: TxnFlags,
  screen: Screen,
): Promise<string> {
  if (file !== undefined) return readFile(file, "utf8");
  if (argument !== undefined && argument !== "-") return argument;
  return Buffer.from(await readInput(textBytesMax, screen.note)).toString("utf8");
}
