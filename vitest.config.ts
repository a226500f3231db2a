import { defineConfig } from 'vitest/config';

// What is said on the command line is compared as text, also where a CI asks for colours. Node warns where both are set.
delete process.env.FORCE_COLOR;

export default defineConfig({
  test: {
    // Rooms are processes of their own, and so is each test file.
    pool: 'forks',
    maxWorkers: 2,
    env: { NO_COLOR: '1' },
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['{apps,packages,docker/models}/**/test/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'packages/testkit/e2e/**'],
          globalSetup: ['packages/testkit/src/vitest-global.ts'],
          // A test waits for conditions; this ends one that waits in vain, on however busy a machine.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'house',
          include: ['packages/testkit/e2e/**/*.test.ts'],
          // Each starts a whole Hearth of its own.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
