import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compress } from './build/compress.ts';

/** A running Hearth, for `pnpm --filter @hearth/web dev`. */
const hearth = process.env.HEARTH_URL ?? 'http://localhost:7600';

export default defineConfig({
  plugins: [react(), tailwindcss(), compress()],
  build: {
    // A data URL would need a hole in the content security policy.
    assetsInlineLimit: 0,
    // A helper for tests in @rjsf/core imports it; nothing of ours imports that helper, so it is not in what is built.
    rolldownOptions: { external: ['@rjsf/validator-ajv8'] },
  },
  server: {
    proxy: Object.fromEntries(['/v1', '/session', '/docs', '/openapi.json', '/health'].map((path) => [path, hearth])),
  },
});
