import { buildIfStale } from './build.ts';

// Whatever started this: under a test runner it says `test`, and Vite would build React for development.
process.env.NODE_ENV = 'production';
await buildIfStale();
