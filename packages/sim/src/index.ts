export * from './simulate.ts';
export * from './trace.ts';
