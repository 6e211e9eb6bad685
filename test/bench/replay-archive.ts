/** Many files in one, for a measurement: `(uint32be length ‖ path ‖ uint32be length ‖ content)*`. */
import { utf8 } from '@reinraum/protocol';

/** Packs files by their paths. */
export function archiveOf(files: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts = files.flatMap(([path, content]) => [utf8(path), content]);
  const archive = new Uint8Array(parts.reduce((total, { length }) => total + 4 + length, 0));
  const view = new DataView(archive.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    archive.set(part, at + 4);
    at += 4 + part.length;
  }
  return archive;
}

/** The files of {@link archiveOf}, as views into it. */
export function* entriesOfArchive(archive: Uint8Array): Generator<readonly [string, Uint8Array]> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let at = 0;
  const next = (): Uint8Array => {
    const from = at + 4;
    at = from + view.getUint32(at);
    return archive.subarray(from, at);
  };
  while (at < archive.length) yield [new TextDecoder().decode(next()), next()];
}
