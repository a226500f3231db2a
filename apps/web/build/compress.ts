import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Higher ones take seconds for a hundredth. */
const BROTLI_QUALITY = 9;

/** Writes each script and style compressed beside it, so that the api compresses nothing while it serves. */
export function compress(): Plugin {
  return {
    name: 'hearth-compress',
    apply: 'build',
    writeBundle(options) {
      const folder = join(options.dir ?? '', 'assets');
      for (const name of readdirSync(folder).filter((name) => /\.(?:js|css|svg)$/.test(name))) {
        const content = readFileSync(join(folder, name));
        const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content, { params }));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(content));
      }
    },
  };
}
