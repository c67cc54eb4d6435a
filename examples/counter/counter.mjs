// Counts exactly, however many count at the same time: `increment` is one operation, executed once.
//
//   node counter.mjs visits 1000      adds one a thousand times, all at once, and prints what the counter says
import { connect } from "synod";

const [name = "visits", times = "1000"] = process.argv.slice(2);
const synod = await connect({ servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222" });
const counters = synod.bucket("counters");

// Issued together they travel together: a thousand take little longer than one.
const sums = await Promise.all(
  Array.from({ length: Number(times) }, () => counters.increment(name)),
);
console.log(`${name} is ${Math.max(...sums)}, ${new Set(sums).size} of them added here`);

await synod.close();
