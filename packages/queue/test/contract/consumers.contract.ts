import { expect, it } from 'vitest';
import { eachOpens, recorder, type TransportUnderTest, until } from './under-test.ts';

/** Who takes tickets, and how many. */
export function consumersContract(subject: TransportUnderTest): void {
  const opened = eachOpens(subject);

  it('hold no more than their slots', async () => {
    await opened.enqueue('a', 'b', 'c', 'd', 'e');
    const { handle, taken, release, heldNow, mostHeld } = recorder({ hold: true });
    await opened.transport.queues.consume(opened.deploymentId, 2, handle);
    await until(() => expect(heldNow()).toBe(2));
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 3, active: 2 });
    await until(() => {
      release();
      expect(taken).toHaveLength(5);
    });
    release();
    await opened.empty();
    expect(mostHeld()).toBe(2);
  });

  it('share a queue: the free one takes the next', async () => {
    const [first, second] = [recorder({ hold: true }), recorder({ hold: true })];
    await opened.transport.queues.consume(opened.deploymentId, 1, first.handle);
    await opened.transport.queues.consume(opened.deploymentId, 1, second.handle);
    await opened.enqueue('a', 'b');
    await until(() => expect([first.heldNow(), second.heldNow()]).toEqual([1, 1]));
    first.release();
    second.release();
    await opened.empty();
  });

  it('take more at once when they get slots while all of theirs are taken', async () => {
    await opened.enqueue('a', 'b');
    const { handle, heldNow, release } = recorder({ hold: true });
    const consumer = await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await until(() => expect(heldNow()).toBe(1));
    consumer.setSlots(2);
    await until(() => expect(heldNow()).toBe(2));
    release();
    await opened.empty();
  });

  it('without slots take nothing, until they get some', async () => {
    const [idle, busy] = [recorder(), recorder()];
    const resting = await opened.transport.queues.consume(opened.deploymentId, 1, idle.handle);
    resting.setSlots(0);
    await opened.enqueue('a', 'b', 'c');
    const working = await opened.transport.queues.consume(opened.deploymentId, 1, busy.handle);
    await until(() => expect(busy.taken).toHaveLength(3));
    await working.close();
    expect(idle.taken).toEqual([]);
    resting.setSlots(1);
    await opened.enqueue('d');
    await until(() => expect(idle.taken).toEqual(['d']));
  });

  it('attached without slots start when they get some', async () => {
    await opened.enqueue('a');
    const { handle, taken } = recorder();
    const consumer = await opened.transport.queues.consume(opened.deploymentId, 0, handle);
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 1, active: 0 });
    consumer.setSlots(1);
    await until(() => expect(taken).toEqual(['a']));
  });

  it('that close finish what they hold and take nothing further', async () => {
    await opened.enqueue('a', 'b');
    const { handle, taken, heldNow, release } = recorder({ hold: true });
    const consumer = await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await until(() => expect(heldNow()).toBe(1));
    let closed = false;
    const closing = consumer.close().then(() => {
      closed = true;
    });
    await opened.transport.queues.ping();
    expect(closed).toBe(false);
    release();
    await closing;
    expect(taken).toEqual(['a']);
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 1, active: 0 });
  });

  it('that are idle close at once, without the rest of their blocking read', async () => {
    const { handle, taken } = recorder();
    const consumer = await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await opened.enqueue('a');
    await until(() => expect(taken).toEqual(['a']));
    await opened.empty();
    const start = performance.now();
    await consumer.close();
    expect(performance.now() - start).toBeLessThan(500);
  });
}
