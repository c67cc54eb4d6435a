// Several run, one leads: the others take over when it goes, or dies. Start several of these, and kill the leader.
//
//   node service.mjs alice
import { setTimeout } from "node:timers/promises";
import { connect } from "synod";

const [name = "service"] = process.argv.slice(2);
const synod = await connect({ servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222" });

const election = synod.bucket("services").elect("scheduler", {
  value: name,
  ttlMs: 2_000,
  async onElected(leadership) {
    console.log(`${name} leads, term ${leadership.token}`);
    // Whatever is done while leading gets the signal, which fires before somebody else can lead.
    while (leadership.isHeld)
      await setTimeout(100, undefined, { signal: leadership.signal }).catch(() => {});
    console.log(`${name} leads no more`);
  },
});

process.once("SIGTERM", async () => {
  await election.resign();
  await synod.close();
});
