/** Results as text, so that they can be compared whatever their values are windows onto. */
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Version } from "../../kv/version.ts";

export function plain(result: OperationResult): string {
  if (typeof result === "number") return String(result);
  return JSON.stringify(result, (name, value: unknown) =>
    name === "version" && typeof value === "object" && value !== null
      ? plainVersion(value as Version)
      : value,
  );
}

function plainVersion({ revision, kind, expiresAt, source, start, end }: Version): string {
  return `${revision}/${kind}/${expiresAt}/${Buffer.from(source.subarray(start, end)).toString()}`;
}
