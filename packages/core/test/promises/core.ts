/** The core under test: the real one, or a mutant of it. Promises ask it alone, and count for themselves. */
export type Core = typeof import('../../src/index.ts');
