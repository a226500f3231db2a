import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defineModel, field, output, serve } from '@hearth/modelkit';

const PIECES = 8;
const CHUNK_BYTES = 16 * 2 ** 20;
/** That of a segmentation fault: 137 reads as out of memory. */
const CRASH_EXIT_CODE = 139;

const input = {
  text: field.string(),
  seconds: field.number({ min: 0, default: 0 }),
  mode: field.choice(['ok', 'fail', 'crash', 'oom'], { default: 'ok' }),
};
type Mode = 'ok' | 'fail' | 'crash' | 'oom';

interface Called {
  readonly id: string | null;
  readonly recordMetric: (name: string, value: unknown) => void;
}

/**
 * The model's own view, for whoever compares it with the platform's: a line of its server's output when a run begins, and
 * which run it was and how long it took among the metrics of its result.
 */
function journal({ id, recordMetric }: Called): { ended(): void } {
  const startedAt = performance.now();
  process.stdout.write(`journal began ${id}\n`);
  return {
    ended() {
      recordMetric('ran', id ?? '');
      recordMetric('ran_ms', performance.now() - startedAt);
    },
  };
}

/** Ends as it was told to; returns where that is well. */
async function end(mode: Mode): Promise<void> {
  if (mode === 'fail') throw new Error('failed on purpose');
  if (mode === 'crash') process.exit(CRASH_EXIT_CODE);
  if (mode === 'ok') return;
  const held: Buffer[] = [];
  for (;;) {
    held.push(Buffer.alloc(CHUNK_BYTES, 1));
    await delay(1);
  }
}

const whole = defineModel({
  input,
  output: output.string(),
  async predict(run) {
    const book = journal(run);
    await delay(run.input.seconds * 1_000, undefined, { signal: run.signal });
    await end(run.input.mode);
    book.ended();
    return run.input.text;
  },
});

const pieces = defineModel({
  input,
  output: output.concatenate(),
  predict: (run) => give(run.input.text, run.input.seconds, run.signal, journal(run)),
});

async function* give(text: string, seconds: number, signal: AbortSignal, book: { ended(): void }) {
  const size = Math.max(1, Math.ceil(text.length / PIECES));
  for (let at = 0; at < text.length; at += size) {
    await delay((seconds * 1_000) / PIECES, undefined, { signal });
    yield text.slice(at, at + size);
  }
  book.ended();
}

const file = defineModel({
  input,
  output: output.file(),
  async predict(run) {
    const book = journal(run);
    const path = join(run.tempDir, 'text.txt');
    await writeFile(path, run.input.text);
    await delay(run.input.seconds * 1_000, undefined, { signal: run.signal });
    book.ended();
    return path;
  },
});

const models = { whole, pieces, file };

/** `CHAOS_OUTPUT` says what it gives: `whole` a text at once, `pieces` the same bit by bit, `file` as a file. */
function chosen(name = 'whole') {
  if (Object.hasOwn(models, name)) return models[name as keyof typeof models];
  throw new Error(`CHAOS_OUTPUT is '${name}'; it must be one of ${Object.keys(models).join(', ')}`);
}

await serve(chosen(process.env.CHAOS_OUTPUT));
