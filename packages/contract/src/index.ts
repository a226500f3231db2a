export * from './client.ts';
export * from './north/index.ts';
export * from './south/index.ts';
