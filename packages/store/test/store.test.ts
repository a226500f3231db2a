import { describe } from 'vitest';
import { storeContract } from './contract/store.contract.ts';
import { openWorld } from './world.ts';

describe('the store on Postgres', () =>
  storeContract(async () => {
    const world = await openWorld();
    return {
      store: world.store,
      close: () => world.close(),
      async raisePriorities(deploymentId, by) {
        const text = 'update predictions set priority = least(2097151, priority + $2) where deployment_id = $1';
        await world.query(text, [deploymentId, by]);
      },
    };
  }));
