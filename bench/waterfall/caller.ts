/** The client of a waterfall, a program of its own: puts one value after the other and says when each began and ended. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../client/index.ts";
import { absoluteMs, calledFile, type CallerTask, type CalledPut } from "./noted.ts";

async function main(): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? "") as CallerTask;
  const { server, password, warmUpPuts, puts, valueBytes, keys, directory } = task;
  await using synod = await connect({ servers: server, user: "client", password });
  const bucket = synod.bucket();
  const value = new Uint8Array(valueBytes).fill(0x61);
  // All of one region, and so of one store group.
  const put = (): Promise<unknown> => {
    const number = Math.floor(Math.random() * keys);
    return bucket.put(`k${String(number).padStart(8, "0")}`, value);
  };
  for (let at = 0; at < warmUpPuts; at++) await put();
  process.stdout.write("measuring\n");
  const called: CalledPut[] = [];
  for (let at = 0; at < puts; at++) {
    const beginMs = absoluteMs();
    await put();
    called.push({ beginMs, endMs: absoluteMs() });
  }
  process.stdout.write("measured\n");
  writeFileSync(join(directory, calledFile), JSON.stringify(called));
}

await main();
