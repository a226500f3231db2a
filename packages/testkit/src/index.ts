export { dockerRing } from './docker.ts';
export { type TestDatabase, testDatabase } from './postgres.ts';
export { testRedis } from './redis.ts';
