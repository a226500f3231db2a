export * from './field-kinds.ts';
export * from './protocol.ts';
export * from './report.ts';
export * from './schema.ts';
