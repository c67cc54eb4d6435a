/** Bytes as a stranger may send them: none that mean anything, and good ones that were tampered with. */
import * as fc from "fast-check";

/** Claims of lengths that nothing behind them keeps, as msgpack writes them, and nesting without end. */
const claims: readonly Uint8Array[] = [
  ...[0xc6, 0xdb, 0xdd, 0xdf].flatMap((head) => [
    Uint8Array.of(head, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(head, 0x7f, 0xff, 0xff, 0xff),
    Uint8Array.of(head, 0x01, 0x31, 0x2d, 0x00),
  ]),
  ...[0xc5, 0xda, 0xdc, 0xde].map((head) => Uint8Array.of(head, 0xff, 0xff)),
  ...[0x91, 0x81, 0xdd].map((head) => new Uint8Array(300).fill(head)),
  // Integers of more than 53 bits, no numbers, extensions.
  Uint8Array.of(0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1),
  Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x05),
  Uint8Array.of(0xd4, 0, 0),
  Uint8Array.of(0xc0),
  Uint8Array.of(0xc1),
];

/** The same for text. */
const pieces: readonly string[] = [
  "[".repeat(5000),
  '{"a":'.repeat(3000),
  "{",
  "}",
  "]",
  '"',
  ",",
  ":",
  "\\",
  "\n",
  "\0",
  "null",
  "true",
  "-1",
  "1.5",
  "1e999",
  "9007199254740993",
  "1e15",
  '""',
  "[]",
  "{}",
  '"__proto__":1,',
  '"constructor":{},',
  '"\\ud800"',
  "\ud800",
  "\u2028",
  "\ufeff",
  "*",
  ">",
  "..",
  ".",
  "&a *a",
  "<<:",
  "!!js",
  "a".repeat(3000),
];

const tampering = fc.oneof(
  fc.record({ kind: fc.constant("set"), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant("flip"), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant("cut"), at: fc.nat() }),
  fc.record({ kind: fc.constant("remove"), at: fc.nat(), length: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant("double"), at: fc.nat(), length: fc.nat(40), to: fc.nat() }),
  fc.record({ kind: fc.constant("claim"), at: fc.nat(), claim: fc.nat(), insert: fc.boolean() }),
  fc.record({ kind: fc.constant("text"), at: fc.nat(), piece: fc.nat() }),
);

type Tampering = Readonly<Record<"at", number>> & { readonly kind: string } & Readonly<
    Partial<Record<"byte" | "bit" | "length" | "to" | "claim" | "piece", number>>
  > & { readonly insert?: boolean };

/** Nothing, anything, or one of the samples after one to four changes. */
export function hostile(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const tampered = fc
    .tuple(fc.constantFrom(...samples), fc.array(tampering, { minLength: 1, maxLength: 4 }))
    .map(([sample, changes]) => changes.reduce(tamper, sample));
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 6, arbitrary: tampered },
  );
}

/** Each sample with each claim at each of its places: lengths that would be believed. */
export function* withClaims(samples: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const sample of samples) {
    const step = Math.max(1, Math.floor(sample.length / 40));
    for (let at = 0; at <= sample.length; at += step) {
      for (const claim of claims) {
        yield joined(sample.subarray(0, at), claim, sample.subarray(at + 1));
      }
    }
  }
}

function tamper(bytes: Uint8Array, change: Tampering): Uint8Array {
  const at = change.at % (bytes.length + 1);
  const head = bytes.subarray(0, at);
  switch (change.kind) {
    case "set":
      return joined(head, Uint8Array.of(change.byte ?? 0), bytes.subarray(at + 1));
    case "flip": {
      const flipped = (bytes[at] ?? 0) ^ (1 << (change.bit ?? 0));
      return joined(head, Uint8Array.of(flipped), bytes.subarray(at + 1));
    }
    case "cut":
      return head;
    case "remove":
      return joined(head, bytes.subarray(at + (change.length ?? 1)));
    case "double": {
      const to = (change.to ?? 0) % (bytes.length + 1);
      const piece = bytes.subarray(at, at + (change.length ?? 0));
      return joined(bytes.subarray(0, to), piece, bytes.subarray(to));
    }
    case "claim": {
      const claim = claims[(change.claim ?? 0) % claims.length] as Uint8Array;
      return joined(head, claim, bytes.subarray(change.insert === true ? at : at + 1));
    }
    default: {
      const piece = pieces[(change.piece ?? 0) % pieces.length] as string;
      return joined(head, Buffer.from(piece), bytes.subarray(at));
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
