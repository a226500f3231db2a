import { join } from 'node:path';
import { buildTestImage } from '../src/model-image.ts';

export const MOMENTS_FOLDER = join(import.meta.dirname, 'moments');
export const MOMENTS_IMAGE = 'hearth-bench/moments';

/** Builds the image of the model that tells its moments. */
export const buildMomentsImage = (): Promise<void> => buildTestImage({ folder: MOMENTS_FOLDER, tag: MOMENTS_IMAGE });
