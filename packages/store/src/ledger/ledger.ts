import type { Connection } from '../database.ts';
import type { Ledger } from '../store.ts';
import { createCorrect } from './correct.ts';
import { createSeal } from './seal.ts';
import { createSealed } from './sealed.ts';
import { createVerify } from './verify.ts';

export const createLedger = (connection: Connection): Ledger => ({
  seal: createSeal(connection.pool),
  verify: createVerify(connection),
  sealed: createSealed(connection.pool),
  correct: createCorrect(connection.db),
});
