import { describe } from 'vitest';
import { transportContract } from '../../queue/test/contract/transport.contract.ts';
import { LOCK_MS } from '../../queue/test/contract/under-test.ts';
import { MemoryBroker } from '../src/memory-transport/memory-broker.ts';

const clock = {
  after(ms: number, callback: () => void) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

describe('the transport in memory', () => {
  const broker = new MemoryBroker({ clock, lockMs: LOCK_MS });
  transportContract({
    open: async () => broker.open(),
    startHolder(deploymentId) {
      const transport = broker.open();
      const held = Promise.withResolvers<string>();
      void transport.queues.consume(deploymentId, 1, ({ predictionId }) => {
        held.resolve(predictionId);
        return new Promise(() => {});
      });
      return { held: held.promise, kill: async () => transport.die() };
    },
    liberties: {
      sizeOfNotices: 'where nothing is too large for memory',
      pokesAtOnce: 'where each is heard: whoever is poked has to stand more of them',
      failingListeners: 'where what one throws ends the world that is played, so that it is found',
    },
  });
});
