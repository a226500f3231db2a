/** The models that the recorded conversations were held with, written with this kit. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineModel, field, output } from '../src/index.ts';

/** Lets a test decide when a running prediction goes on. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  open(): void {
    this.#opened.resolve();
  }
  /** Resolves when opened; rejects when the signal aborts. */
  pass(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
    return Promise.race([this.#opened.promise, aborted.promise]);
  }
}

/** @param gate passed by predictions with `seconds` above 0, after they have logged a step */
export const helloModel = (gate = new Gate(), setup: () => Promise<void> | void = () => undefined) =>
  defineModel({
    input: {
      text: field.string(),
      seconds: field.number({ default: 0 }),
      steps: field.integer({ min: 1, max: 50, default: 4 }),
      mode: field.choice(['ok', 'fail', 'exit'], { default: 'ok' }),
      size: field.choice([1, 2, 4], { default: 1 }),
      flag: field.boolean({ default: false }),
      image: field.file({ optional: true }),
      key: field.secret({ optional: true }),
      seed: field.integer({ optional: true }),
    },
    output: output.string(),
    async setup({ log }) {
      log('setup: loading weights');
      await setup();
      log('setup: done');
    },
    async predict({ input, log, signal }) {
      log(`predict text=${input.text} image=${input.image === null ? 'None' : 'there'}`);
      if (input.seconds > 0) {
        log('10%|###| 1/10');
        await gate.pass(signal);
      }
      if (input.mode === 'fail') throw new Error('model failed on purpose');
      return `hello ${input.text}`;
    },
  });

/** @param gates the n-th is passed before the n-th token */
export const llmModel = (gates: readonly Gate[] = []) =>
  defineModel({
    input: {
      prompt: field.string(),
      max_tokens: field.integer({ default: 8 }),
      delay: field.number({ default: 0.1 }),
      fail_after: field.integer({ default: 0 }),
    },
    output: output.concatenate(),
    async *predict({ input, log, signal }) {
      const words = input.prompt.split(' ');
      for (let token = 0; token < input.max_tokens; token += 1) {
        if (input.fail_after > 0 && token === input.fail_after) throw new Error('llm exploded');
        await gates[token]?.pass(signal);
        log(`token ${token}`);
        yield `${words[token % words.length]} `;
      }
    },
  });

/** The smallest PNG there is: one transparent pixel. */
export const PIXEL_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const imageModel = defineModel({
  input: {
    width: field.integer({ default: 4 }),
    height: field.integer({ default: 4 }),
    source: field.file({ optional: true }),
  },
  output: output.file(),
  async predict({ tempDir }) {
    const path = join(tempDir, 'out.png');
    await writeFile(path, PIXEL_PNG, 'base64');
    return path;
  },
});

export const imagesModel = defineModel({
  input: { n: field.integer({ default: 2 }), delay: field.number({ default: 0.3 }) },
  output: output.iterator(output.file()),
  async *predict({ input, tempDir, log }) {
    for (let index = 0; index < input.n; index += 1) {
      const path = join(tempDir, `out-${index}.txt`);
      await writeFile(path, `file ${index}`);
      yield path;
      log(`made ${index}`);
    }
  },
});

export const objModel = defineModel({
  input: {
    text: field.string(),
    tags: field.list(field.string(), { description: 'tags', default: ['a', 'b'] }),
  },
  output: output.object({
    text: output.string(),
    score: output.number(),
    file: output.file(),
    tags: output.list(output.string()),
  }),
  async predict({ input, tempDir }) {
    const file = join(tempDir, 'obj.txt');
    await writeFile(file, input.text);
    return { text: input.text, score: 0.5, file, tags: input.tags };
  },
});

/** @param gates passed by predictions, by their id, before the last token */
export const concModel = (gates: Readonly<Record<string, Gate>> = {}) =>
  defineModel({
    input: {
      prompt: field.string({ default: 'a b c' }),
      n: field.integer({ default: 3 }),
      delay: field.number({ default: 0.2 }),
    },
    output: output.concatenate(),
    setup: ({ log }) => log('async setup'),
    async *predict({ id, input, log, context, recordMetric, signal }) {
      log(`ctx ${JSON.stringify(context)}`);
      const words = input.prompt.split(' ');
      for (let index = 0; index < input.n; index += 1) {
        if (index === input.n - 1) await gates[id ?? '']?.pass(signal);
        yield `${words[index % words.length]} `;
      }
      recordMetric('tokens', input.n);
      log(`done ${input.n}`);
    },
  });
