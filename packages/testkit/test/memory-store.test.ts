import { MAX_PRIORITY } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import { describe } from 'vitest';
import { storeContract } from '../../store/test/contract/store.contract.ts';
import { createMemoryStore } from '../src/memory-store/memory-store.ts';

describe('the store in memory', () =>
  storeContract(async () => {
    const { store, tables } = createMemoryStore({ now: systemNow });
    return {
      store,
      close: () => store.close(),
      async raisePriorities(deploymentId, by) {
        for (const row of tables.predictions.all())
          if (row.deploymentId === deploymentId)
            tables.predictions.put({ ...row, priority: Math.min(MAX_PRIORITY, row.priority + by) });
      },
    };
  }));
