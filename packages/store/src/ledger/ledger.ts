import type { Connection } from '../database.ts';
import type { Ledger } from '../store.ts';
import { createCorrect } from './correct.ts';
import { createSeal } from './seal.ts';
import { createSealed } from './sealed.ts';
import { createVerify } from './verify.ts';

export const createLedger = ({ pool }: Connection): Ledger => ({
  seal: createSeal(pool),
  verify: createVerify(pool),
  sealed: createSealed(pool),
  correct: createCorrect(pool),
});
