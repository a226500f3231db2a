import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROTATE_BYTES = 10 * 1024 * 1024;
const LOOK_EVERY_MS = 150;

export interface LogFile {
  readonly path: string;
  /** For a child's stdout and stderr. A file, not a pipe: a server outlives a killed `up`, and must still be able to write. */
  readonly fd: number;
  /** Passes on what was written since the last look. */
  look(): void;
  close(): void;
}

/** Opens `<folder>/<name>.log` for appending and passes every new line on. A file above 10 MiB is moved aside first. */
export function openLogFile(folder: string, name: string, onLine: (line: string) => void): LogFile {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.log`);
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const rotated = sizeBytes > ROTATE_BYTES;
  if (rotated) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a', 0o600);
  const reader = openSync(path, 'r');
  const chunk = Buffer.alloc(64 * 1024);
  let position = rotated ? 0 : sizeBytes;
  let rest = Buffer.alloc(0);

  const look = () => {
    for (;;) {
      const count = readSync(reader, chunk, 0, chunk.length, position);
      if (count === 0) return;
      position += count;
      // Cut at line ends in bytes, so that no character is cut in two.
      rest = Buffer.concat([rest, chunk.subarray(0, count)]);
      const end = rest.lastIndexOf(0x0a);
      if (end < 0) continue;
      for (const line of rest.subarray(0, end).toString('utf8').split('\n')) onLine(line);
      rest = rest.subarray(end + 1);
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    path,
    fd,
    look,
    close() {
      clearInterval(timer);
      look();
      closeSync(reader);
      closeSync(fd);
    },
  };
}
