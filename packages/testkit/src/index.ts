export { dockerRing } from './docker.ts';
export { type TestDatabase, testDatabase } from './postgres.ts';
export { type TestRedis, testRedis } from './redis.ts';
