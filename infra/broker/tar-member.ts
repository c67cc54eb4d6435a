/** Finds one file in a tar archive that is held in memory. */

const blockBytes = 512;
/** Offsets and lengths of the header fields used here (POSIX ustar). */
const field = {
  name: [0, 100],
  size: [124, 12],
  kind: [156, 1],
  magic: [257, 5],
  prefix: [345, 155],
} as const;

/** The content of the regular file at `path`, or undefined. Throws when the archive breaks off. */
export function findTarMember(archive: Buffer, path: string): Buffer | undefined {
  let offset = 0;
  while (offset + blockBytes <= archive.length) {
    const header = archive.subarray(offset, offset + blockBytes);
    if (header.every((byte) => byte === 0)) return undefined;
    const bytes = sizeOf(header);
    const start = offset + blockBytes;
    const end = start + bytes;
    if (end > archive.length) throw new Error(`the archive breaks off in ${pathOf(header)}`);
    if (isRegularFile(header) && pathOf(header) === path) return archive.subarray(start, end);
    offset = start + Math.ceil(bytes / blockBytes) * blockBytes;
  }
  return undefined;
}

function textOf(header: Buffer, [start, length]: readonly [number, number]): string {
  const raw = header.subarray(start, start + length);
  const end = raw.indexOf(0);
  return raw.subarray(0, end < 0 ? length : end).toString("utf8");
}

function pathOf(header: Buffer): string {
  const name = textOf(header, field.name);
  if (textOf(header, field.magic) !== "ustar") return name;
  const prefix = textOf(header, field.prefix);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function isRegularFile(header: Buffer): boolean {
  const kind = textOf(header, field.kind);
  return kind === "0" || kind === "";
}

function sizeOf(header: Buffer): number {
  const digits = textOf(header, field.size).trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error(`no tar archive: a size reads ${digits}`);
  return Number.parseInt(digits, 8);
}
