import { setTimeout as delay } from 'node:timers/promises';

const CRASH_EXIT_CODE = 139;
const CHUNK_BYTES = 32 * 1024 * 1024;

/** Ends the process as a killed one ends, in the middle of whatever it does. */
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
    held.push(Buffer.alloc(CHUNK_BYTES, held.length + 1));
    log(`holding ${(held.length * CHUNK_BYTES) / (1024 * 1024)} MiB`);
    // The server still answers between two chunks, as a model's would.
    await delay(1);
  }
}

/** Never ends, whatever is asked of it. */
export const hang = (): Promise<never> => new Promise(() => undefined);
