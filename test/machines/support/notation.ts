/**
 * How traces write values. Node `n2` has member id 2; a ballot is `epoch.round@member`; a record is
 * `slot:ballot:entry`, a learned slot without entry ends in `=`; entries are short texts, the empty one is `noop`; a
 * birth is `id/cluster/group[node:member,…]`, written as the fields in which it differs from the usual one.
 */
import { ballotText, type Ballot } from "../../../machines/ballot.ts";
import type { Birth } from "../../../machines/birth/birth-record.ts";

export function memberOf(node: string): number {
  return Number(node.slice(1));
}

export function parseBallot(text: string): Ballot | undefined {
  const match = /^(\d+)\.(\d+)@(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [epoch = 0, round = 0, member = 0] = match.slice(1).map(Number);
  return { epoch, round, member };
}

export function entryOf(text: string): Uint8Array {
  return text === "noop" ? new Uint8Array(0) : new TextEncoder().encode(text);
}

export function parseValue(text: string): unknown {
  if (text.startsWith("[{")) return JSON.parse(text) as unknown;
  if (text.startsWith("[") && text.endsWith("]")) {
    const inner = text.slice(1, -1);
    return inner === "" ? [] : inner.split(",").map(parseValue);
  }
  if (text.startsWith("{")) return JSON.parse(text) as unknown;
  if (text === "none") return undefined;
  if (text === "true" || text === "false") return text === "true";
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  const ballot = parseBallot(text);
  if (ballot !== undefined) return ballot;
  const record = /^(\d+):(\d+\.\d+@\d+):(.*)$/.exec(text);
  if (record !== null) {
    const [, slot = "", recordBallot = "", entry = ""] = record;
    const parsed = parseBallot(recordBallot);
    return {
      epoch: parsed?.epoch,
      slot: Number(slot),
      ballot: parsed,
      entry: entry === "=" ? undefined : entryOf(entry),
    };
  }
  return text;
}

export function render(value: unknown): string {
  if (value === undefined) return "none";
  if (value instanceof Uint8Array) {
    return value.length === 0 ? "noop" : new TextDecoder().decode(value);
  }
  if (Array.isArray(value)) return `[${value.map(render).join(",")}]`;
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  if (typeof value !== "object" || value === null) return `${value as string | boolean | null}`;
  if (isBallot(value)) return ballotText(value);
  if (isBirth(value)) {
    const members = value.configuration.members.map(({ node, member }) => `${node}:${member}`);
    return `${value.id}/${value.clusterId}/${value.group}[${members.join(",")}]`;
  }
  if ("slot" in value && "ballot" in value && "entry" in value) {
    return `${render(value.slot)}:${render(value.ballot)}:${value.entry === undefined ? "=" : render(value.entry)}`;
  }
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}=${render(inner)}`)
    .join(" ")}}`;
}

function isBirth(value: object): value is Birth {
  return "configuration" in value && "regions" in value;
}

function isBallot(value: object): value is Ballot {
  return "epoch" in value && "round" in value && "member" in value;
}

/** `type key=value …`, without what is undefined. */
export function renderFields(value: object, without: readonly string[]): string {
  return Object.entries(value)
    .filter(([name, inner]) => !without.includes(name) && inner !== undefined)
    .map(([name, inner]) => ` ${name}=${render(inner)}`)
    .join("");
}

/** One effect as a line. */
export function renderEffect(effect: { readonly type: string }): string {
  if ("message" in effect && typeof effect.message === "object" && effect.message !== null) {
    const to = "to" in effect ? ` ${render(effect.to)}` : "";
    const toOthers =
      "includingSelf" in effect && effect.includingSelf === false ? " to others" : "";
    const type = "type" in effect.message ? String(effect.message.type) : "?";
    return `${effect.type}${to}${toOthers} ${type}${renderFields(effect.message, ["type"])}`;
  }
  return `${effect.type}${renderFields(effect, ["type"])}`;
}
