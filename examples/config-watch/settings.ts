// Settings that follow the store: typed, checked, and always the newest that are right.
//
//   npx tsx settings.ts shop
//   npx synod put shop.port 9090 -b config      in another terminal: told at once
//   npx synod put shop.port many -b config      told as wrong, and the port stays 9090
import { connect, type Bucket } from "synod";

export interface Settings {
  readonly port: number;
  readonly logLevel: "debug" | "info" | "error";
  readonly greeting: string;
}

const defaults: Settings = { port: 8080, logLevel: "info", greeting: "hello" };

/** Reads one setting from its text; throws what is wrong with it. */
const readers: { readonly [Name in keyof Settings]: (text: string) => Settings[Name] } = {
  port(text) {
    const port = Number(text);
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
    throw new Error("a port is a number from 1 to 65535");
  },
  logLevel(text) {
    if (text === "debug" || text === "info" || text === "error") return text;
    throw new Error("a log level is debug, info or error");
  },
  greeting: (text) => text,
};

/**
 * Yields the settings under `<service>.`, at first as they are and then after each change. A setting that is not right, or
 * not there, leaves what held before, or the default.
 */
export async function* watchSettings(
  bucket: Bucket,
  service: string,
  complain: (problem: string) => void,
  stopped: AbortSignal,
): AsyncGenerator<Settings, void, undefined> {
  let settings = defaults;
  const watch = await bucket.watch({ key: `${service}.>` });
  stopped.addEventListener("abort", () => watch.stop());
  const isEmpty = (await bucket.range({ prefix: `${service}.`, limit: 1 }).toArray()).length === 0;
  if (isEmpty) yield settings;
  for await (const entry of watch) {
    const name = entry.key.slice(service.length + 1);
    if (!Object.hasOwn(readers, name)) {
      complain(`there is no setting ${name}`);
    } else if (entry.operation === "PUT") {
      try {
        settings = { ...settings, [name]: readers[name as keyof Settings](entry.string()) };
      } catch (failure) {
        complain(
          `${name} stays ${settings[name as keyof Settings]}: ${(failure as Error).message}`,
        );
      }
    } else {
      settings = { ...settings, [name]: defaults[name as keyof Settings] };
    }
    // What is there at the beginning is told at once, not setting by setting.
    if (entry.isUpdate || entry.delta === 0) yield settings;
  }
}

const servers = process.env["NATS_URL"] ?? "nats://127.0.0.1:4222";
const [service = "shop"] = process.argv.slice(2);
const synod = await connect({ servers });
const stopped = new AbortController();
process.once("SIGTERM", () => stopped.abort());
const bucket = synod.bucket("config");
for await (const settings of watchSettings(bucket, service, console.error, stopped.signal)) {
  console.log(`${service}: ${JSON.stringify(settings)}`);
}
await synod.close();
