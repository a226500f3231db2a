export * from './south/index.ts';
