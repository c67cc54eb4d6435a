/** The passwords with which a development cluster's nodes log in to its broker: made once, kept beside its data. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { devPassword } from "../../infra/broker/dev-password.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";

/** By the name of the environment variable that nats.conf reads. */
export type DevPasswords = Readonly<Record<string, string>>;

/** nats.conf wants all of them, whichever nodes there are. */
const users = ["N1", "N2", "N3", "N4", "N5", "N6", "N7", "CLIENT"];

export function passwordVariable(user: string): string {
  return `SYNOD_NATS_PASSWORD_${user.toUpperCase()}`;
}

export function keptPasswords(clusterDirectory: string, randomness: Randomness): DevPasswords {
  const path = join(clusterDirectory, "passwords.json");
  const kept = read(path);
  if (kept !== undefined) return kept;
  const made = Object.fromEntries(
    users.map((user) => [passwordVariable(user), devPassword(randomness)]),
  );
  const draft = `${path}.new`;
  writeFileSync(draft, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
  return made;
}

function read(path: string): DevPasswords | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw failure;
  }
  const kept = parse(text);
  const isWhole = users.every((user) => typeof kept?.[passwordVariable(user)] === "string");
  if (kept !== undefined && isWhole) return kept as DevPasswords;
  throw new SynodError("BAD_REQUEST", `${path} does not hold the cluster's passwords any more`, {
    nextStep: "Remove the file: new passwords are made at the next start. No data depends on it.",
  });
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}
