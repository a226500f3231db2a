export { databaseText } from './database-text.ts';
export { dockerRing } from './docker.ts';
export { type TestDatabase, testDatabase } from './postgres.ts';
export { testRedis } from './redis.ts';
export { testRegistry } from './registry.ts';
export { runSql } from './run-sql.ts';
export { type TestS3, testS3 } from './s3.ts';
export { type Receiver, refusedByPython, startReceiver } from './webhook-receiver.ts';
