import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineModel, field, output } from '@hearth/modelkit';
import { createWorker, OEM } from 'tesseract.js';

/** The integer "best" network: half the size and time of the float one. It comes with the package; nothing is fetched. */
const LANGUAGE_DATA = join(
  dirname(fileURLToPath(import.meta.resolve('@tesseract.js-data/eng/package.json'))),
  '4.0.0_best_int',
);

/** Reads English print. */
export const model = defineModel({
  input: {
    image: field.file({ description: 'Picture of a page: PNG, JPEG, WebP, BMP or PNM' }),
  },
  output: output.string(),
  async setup({ log }) {
    const worker = await createWorker('eng', OEM.LSTM_ONLY, {
      langPath: LANGUAGE_DATA,
      // The unpacked data would be written to the working directory, which may be read-only.
      cacheMethod: 'none',
      // Each call's promise rejects with the same error; without a handler the library throws it a second time, at nobody.
      errorHandler: () => undefined,
    });
    log('language data loaded: eng');
    return worker;
  },
  async predict({ input, state: worker, log, recordMetric }) {
    const { data } = await worker.recognize(await readFile(input.image)).catch((error: unknown) => {
      throw new Error(`the image could not be read: ${String(error)}`);
    });
    recordMetric('confidence', data.confidence);
    log(`confidence ${data.confidence} of 100`);
    return data.text.trim();
  },
});
