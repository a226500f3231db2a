import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { defineModel, defineTrainer, field, output } from '@hearth/modelkit';
import { countLetters, type Letters, writeLetters } from './letters.ts';

const trainer = defineTrainer({
  input: {
    text: field.file({ description: 'Plain text to learn from, UTF-8' }),
    order: field.integer({ description: 'Letters that the next one is guessed from', min: 1, max: 12, default: 4 }),
    seconds: field.number({ description: 'Take at least so long', min: 0, max: 3600, default: 0 }),
  },
  output: output.object({ weights: output.file(), letters: output.integer(), contexts: output.integer() }),
  async train({ input, tempDir, log, signal }) {
    const text = await readFile(input.text, 'utf8');
    if (text.length <= input.order)
      throw new Error(`the text has ${text.length} letters; it needs more than the order, ${input.order}`);
    const startedMs = performance.now();
    let said = -1;
    const letters = await countLetters(text, input.order, async (share) => {
      const aheadMs = startedMs + share * input.seconds * 1000 - performance.now();
      if (aheadMs > 0) await pause(aheadMs, undefined, { signal });
      signal.throwIfAborted();
      const tenths = Math.floor(share * 10);
      if (tenths > said) log(`${tenths * 10}%`);
      said = tenths;
    });
    const weights = join(tempDir, 'letters.json');
    await writeFile(weights, JSON.stringify(letters));
    return { weights, letters: Array.from(text).length, contexts: Object.keys(letters.followers).length };
  },
});

/** A very small language model, to try trainings with: the version that is imported knows nothing yet. */
export const model = defineModel({
  input: {
    start: field.string({ description: 'Where to go on from', default: '' }),
    length: field.integer({ description: 'Letters at most', min: 1, max: 10_000, default: 80 }),
    seed: field.integer({ description: 'The same seed, the same text', min: 0, default: 0 }),
  },
  output: output.string(),
  train: trainer,
  async setup({ weights, log }): Promise<Letters | null> {
    if (weights === null) return null;
    // Written by the trainer above, whichever text it was given.
    const letters: Letters = JSON.parse(await readFile(weights, 'utf8'));
    log(`${Object.keys(letters.followers).length} contexts of ${letters.order} letters`);
    return letters;
  },
  predict({ input, state }) {
    if (state === null)
      throw new Error('this version knows nothing yet: train it, and run the version that comes of it');
    return [...writeLetters(state, input.start, input.length, input.seed)].join('');
  },
});
