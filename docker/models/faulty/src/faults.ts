import { setTimeout as delay } from 'node:timers/promises';

/** That of a segmentation fault: a killed process's 137 reads as out of memory. */
const CRASH_EXIT_CODE = 139;
const CHUNK_BYTES = 32 * 1024 * 1024;

/** Ends the process in the middle of whatever it does. */
export function crash(): never {
  process.exit(CRASH_EXIT_CODE);
}

/**
 * Fills the memory until somebody ends the process. Buffers lie outside V8's heap, whose own limit would otherwise end
 * it first; each page is written to, because untouched memory costs nothing.
 */
export async function fillMemory(log: (text: string) => void): Promise<never> {
  const held: Buffer[] = [];
  for (;;) {
    held.push(Buffer.alloc(CHUNK_BYTES, 1));
    log(`holding ${(held.length * CHUNK_BYTES) / (1024 * 1024)} MiB`);
    // The server still answers between two chunks, as a model's would.
    await delay(1);
  }
}

/** Never ends, whatever is asked of it. */
export const hang = (): Promise<never> => new Promise(() => undefined);
