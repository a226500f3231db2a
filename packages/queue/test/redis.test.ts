import { testRedis } from '@hearth/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Transport, TransportDown } from '../src/index.ts';
import { transportContract } from './contract/transport.contract.ts';
import { newDeployment, open, reachedAt, recorder, ticket, until } from './contract/under-test.ts';

const redis = await testRedis();
afterAll(() => redis?.close());

describe.skipIf(redis === null)('the transport on Redis', () => {
  if (redis) transportContract(reachedAt({ redisUrl: redis.url }));
});

describe.skipIf(redis === null)('a Redis that goes away', () => {
  if (!redis) return;
  let transport: Transport;
  let deploymentId: string;
  beforeEach(async () => {
    transport = await open({ redisUrl: redis.url });
    deploymentId = newDeployment();
  });
  afterEach(() => transport.close());

  it('and was wiped in place is noticed, by every process, and tickets can be restored', async () => {
    const other = await open({ redisUrl: redis.url });
    let noticedElsewhere = 0;
    other.queues.onAmnesia(() => noticedElsewhere++);
    const { handle, taken } = recorder();
    await transport.queues.consume(deploymentId, 1, handle);
    const restored: Promise<number>[] = [];
    transport.queues.onAmnesia(() => {
      restored.push(transport.queues.restore([{ deploymentId, ...ticket('a'), priority: 0 }]));
    });
    await redis.flush();
    await until(() => expect(taken).toEqual(['a']));
    expect(await Promise.all(restored)).toEqual([1]);
    await until(() => expect(noticedElsewhere).toBe(1));
    await other.close();
  });

  it('comes back empty after a kill -9: consumers stay attached and take what is restored', async () => {
    const { handle, taken } = recorder();
    await transport.queues.consume(deploymentId, 1, handle);
    await transport.queues.enqueue(deploymentId, ticket('a'));
    await until(() => expect(taken).toEqual(['a']));
    let pokes = 0;
    transport.bus.onPoke('dispatcher', () => pokes++);
    const amnesia = new Promise<void>((resolve) => transport.queues.onAmnesia(resolve));
    await redis.kill9();
    await redis.restart({ wipe: true });
    await amnesia;
    expect(await transport.queues.restore([{ deploymentId, ...ticket('b'), priority: 0 }])).toBe(1);
    await until(() => expect(taken).toEqual(['a', 'b']));
    await until(() => expect(pokes).toBe(1));
    await transport.queues.enqueue(deploymentId, ticket('c'));
    await until(() => expect(taken).toEqual(['a', 'b', 'c']));
  });

  it('keeps its tickets through a kill -9 when its data is still there', async () => {
    await transport.queues.enqueue(deploymentId, ticket('a'));
    // The file is synced once a second; what the system holds in memory survives the process.
    await redis.kill9();
    await redis.restart({ wipe: false });
    const { handle, taken } = recorder();
    await until(() => transport.queues.ping());
    await transport.queues.consume(deploymentId, 1, handle);
    await until(() => expect(taken).toEqual(['a']));
  });

  it('is TransportDown to callers within bounds, harmless to a ticket in hand, and consumers close', async () => {
    const { handle, heldNow, release } = recorder({ hold: true });
    const busy = await transport.queues.consume(deploymentId, 1, handle);
    const idle = await transport.queues.consume(newDeployment(), 1, handle);
    await transport.queues.enqueue(deploymentId, ticket('a'));
    await until(() => expect(heldNow()).toBe(1));
    await redis.kill9();

    const start = performance.now();
    await Promise.all([
      expect(transport.queues.enqueue(deploymentId, ticket('b'))).rejects.toThrow(TransportDown),
      expect(transport.queues.enqueue(newDeployment(), ticket('b'))).rejects.toThrow(TransportDown),
      expect(transport.queues.consume(newDeployment(), 1, handle)).rejects.toThrow(TransportDown),
      expect(transport.queues.ping()).rejects.toThrow(TransportDown),
    ]);
    transport.bus.poke('api');
    release();
    await Promise.all([busy.close(), idle.close()]);
    expect(performance.now() - start).toBeLessThan(10_000);

    await redis.restart({ wipe: true });
    const again = newDeployment();
    await until(() => transport.queues.enqueue(again, ticket('c')));
    const after = recorder();
    await transport.queues.consume(again, 1, after.handle);
    await until(() => expect(after.taken).toEqual(['c']));
  });

  it('can be named by a URL where it is a socket', async () => {
    const other = await open({ redisUrl: `unix://${redis.url}` });
    await other.queues.ping();
    await other.close();
  });

  it('from the start is TransportDown with the address and without the password', async () => {
    await expect(open({ redisUrl: 'redis://u:hunter2@127.0.0.1:1' })).rejects.toThrow(
      /Redis at 127\.0\.0\.1:1 failed \(connect ECONNREFUSED/,
    );
  });
});
