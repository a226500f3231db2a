import { join } from 'node:path';
import { defineModel, field, output } from '@hearth/modelkit';
import sharp from 'sharp';

/** A smaller version of a picture, its proportions kept. Never enlarges. */
export const model = defineModel({
  input: {
    image: field.file({ description: 'Picture to make smaller' }),
    width: field.integer({ description: 'Greatest width in pixels', min: 1, max: 4096, default: 256 }),
    format: field.choice(['png', 'jpeg', 'webp'], { description: 'Format of the result', default: 'png' }),
    grayscale: field.boolean({ description: 'Take the colours out', default: false }),
  },
  output: output.file(),
  async predict({ input, tempDir, log, signal }) {
    const path = join(tempDir, `thumbnail.${input.format}`);
    // The camera's orientation is applied to the pixels: the result carries no metadata that would say it.
    let picture = sharp(input.image).autoOrient().resize({ width: input.width, withoutEnlargement: true });
    if (input.grayscale) picture = picture.grayscale();
    signal.throwIfAborted();
    const { width, height, size } = await picture.toFormat(input.format).toFile(path);
    log(`${width}x${height} ${input.format}, ${size} bytes`);
    return path;
  },
});
