// One at a time, and never by mistake: a lock says who may, and its fencing token makes sure that who may not any more
// cannot either. Start several of these, stop one with SIGSTOP while it has the lock, and let it go on.
//
//   node worker.mjs alice
import { setTimeout } from "node:timers/promises";
import { connect } from "synod";

const [name = "worker"] = process.argv.slice(2);
const synod = await connect({ servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222" });
const bucket = synod.bucket("jobs");

/** What is protected. It remembers the largest token it has seen, and refuses smaller ones: a file server would do the same. */
const ledger = {
  append: (line, token) =>
    synod.transaction(async (transaction) => {
      const jobs = transaction.bucket("jobs");
      const newest = Number((await jobs.get("ledger.token"))?.string() ?? 0);
      if (token < newest) throw new Error(`token ${token} is older than ${newest}`);
      jobs.put("ledger.token", String(token));
      jobs.put(`ledger.${String(token).padStart(16, "0")}`, line);
    }),
};

for (;;) {
  const lock = await bucket.lock("ledger.lock", { ttlMs: 2_000, value: name });
  console.log(`${name} has the lock, token ${lock.token}`);
  // The work takes a while. Whoever is stopped here comes back too late, and may not know it yet.
  await setTimeout(500);
  try {
    await ledger.append(`by ${name}`, lock.token);
    console.log(`${name} has written with token ${lock.token}`);
  } catch (failure) {
    console.log(`${name} was refused: ${failure.message}`);
  }
  await lock.release();
}
