import { expect, it } from 'vitest';
import { eachOpens, newDeployment, recorder, type TransportUnderTest, ticket, until } from './under-test.ts';

/** What becomes of tickets. */
export function ticketsContract(subject: TransportUnderTest): void {
  const opened = eachOpens(subject);

  it('come out in the order they went in, and leave nothing behind', async () => {
    await opened.enqueue('a', 'b', 'c');
    const { handle, taken } = recorder();
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await until(() => expect(taken).toEqual(['a', 'b', 'c']));
    await opened.empty();
  });

  it('reach a consumer that was idle', async () => {
    const { handle, taken } = recorder();
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await opened.enqueue('a');
    await until(() => expect(taken).toEqual(['a']));
    await opened.enqueue('b');
    await until(() => expect(taken).toEqual(['a', 'b']));
  });

  it('are there once when enqueued twice, waiting or held', async () => {
    await opened.enqueue('a', 'a');
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 1, active: 0 });
    const { handle, taken, release, heldNow } = recorder({ hold: true });
    await opened.transport.queues.consume(opened.deploymentId, 2, handle);
    await until(() => expect(heldNow()).toBe(1));
    await opened.enqueue('a');
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 0, active: 1 });
    release();
    await opened.empty();
    expect(taken).toEqual(['a']);
  });

  it('of another attempt are other tickets', async () => {
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('a', 0));
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('a', 1));
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 2, active: 0 });
  });

  it('that are not for now come back later', async () => {
    const times: number[] = [];
    const { handle } = recorder({
      outcome: () => (times.push(performance.now()) === 1 ? { kind: 'later', delayMs: 80 } : { kind: 'done' }),
    });
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await opened.enqueue('a');
    await until(() => expect(times).toHaveLength(2));
    // Timers and the store's clock round to a millisecond each.
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(78);
    await opened.empty();
  });

  it('whose handler threw are tried again', async () => {
    let calls = 0;
    const { handle, taken } = recorder({
      outcome: () => {
        if (++calls === 1) throw new Error('the database is down');
        return { kind: 'done' };
      },
    });
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await opened.enqueue('a');
    await until(() => expect(taken).toEqual(['a', 'a']));
    await opened.empty();
  });

  it('can be withdrawn while they wait, not while they are held', async () => {
    await opened.enqueue('a', 'b');
    await opened.transport.queues.withdraw(opened.deploymentId, ticket('a'));
    await opened.transport.queues.withdraw(opened.deploymentId, ticket('never-was'));
    const { handle, taken, release } = recorder({ hold: true });
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await until(() => expect(taken).toEqual(['b']));
    await opened.transport.queues.withdraw(opened.deploymentId, ticket('b'));
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 0, active: 1 });
    release();
    await opened.empty();
  });

  it('are restored once each, over many deployments', async () => {
    const other = newDeployment();
    await opened.enqueue('a');
    const tickets = [
      { deploymentId: opened.deploymentId, ...ticket('a'), priority: 0 },
      { deploymentId: opened.deploymentId, ...ticket('b'), priority: 0 },
      { deploymentId: other, ...ticket('c'), priority: 0 },
    ];
    expect(await opened.transport.queues.restore(tickets)).toBe(2);
    expect(await opened.transport.queues.restore(tickets)).toBe(0);
    expect(await opened.transport.queues.restore([])).toBe(0);
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 2, active: 0 });
    expect(await opened.transport.queues.depth(other)).toEqual({ waiting: 1, active: 0 });
  });

  it('come out by priority, equal ones in the order they went in, and those of priority 0 before all', async () => {
    const priorities = { a: 9, b: 2_097_151, c: 9, d: 0, e: 1, f: 0, g: 9 };
    for (const [id, priority] of Object.entries(priorities))
      await opened.transport.queues.enqueue(opened.deploymentId, ticket(id), priority);
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 7, active: 0 });
    const { handle, taken } = recorder();
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await until(() => expect(taken).toEqual(['d', 'f', 'e', 'a', 'c', 'g', 'b']));
    await opened.empty();
  });

  it('with a priority reach a consumer that was idle, and keep it when they are not for now', async () => {
    const { handle, taken, release, heldNow } = recorder({
      hold: true,
      outcome: () => (taken.length === 1 ? { kind: 'later', delayMs: 1 } : { kind: 'done' }),
    });
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('a'), 5);
    await until(() => expect(taken).toEqual(['a']));
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('later'), 6);
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('before'), 4);
    release();
    await until(() => {
      if (heldNow() > 0) release();
      expect(taken).toHaveLength(4);
    });
    release();
    await opened.empty();
    expect(taken.indexOf('before')).toBeLessThan(taken.indexOf('later'));
    expect(taken.filter((id) => id === 'a')).toHaveLength(2);
  });

  it('are restored with their priorities, and moved where they wait with another', async () => {
    const place = (id: string, priority: number) => ({ deploymentId: opened.deploymentId, ...ticket(id), priority });
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('a'), 3);
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('b'), 100);
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('c'), 0);
    const wanted = [place('a', 3), place('b', 2), place('c', 50), place('d', 1)];
    expect(await opened.transport.queues.restore(wanted)).toBe(1);
    expect(await opened.transport.queues.restore(wanted)).toBe(0);
    const { handle, taken } = recorder();
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await until(() => expect(taken).toEqual(['d', 'b', 'a', 'c']));
    await opened.empty();
  });

  it('that are held stay held when they are restored with another priority', async () => {
    const { handle, taken, heldNow, release } = recorder({ hold: true });
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await opened.transport.queues.enqueue(opened.deploymentId, ticket('a'), 7);
    await until(() => expect(heldNow()).toBe(1));
    expect(
      await opened.transport.queues.restore([{ deploymentId: opened.deploymentId, ...ticket('a'), priority: 1 }]),
    ).toBe(0);
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 0, active: 1 });
    release();
    await opened.empty();
    expect(taken).toEqual(['a']);
  });

  it('are gone when their deployment is obliterated, and the name can be used again', async () => {
    await opened.enqueue('a', 'b');
    await opened.transport.queues.obliterate(opened.deploymentId);
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 0, active: 0 });
    await opened.enqueue('a');
    expect(await opened.transport.queues.depth(opened.deploymentId)).toEqual({ waiting: 1, active: 0 });
  });

  it('of a dispatcher killed with -9 are delivered again', async () => {
    const holder = subject.startHolder(opened.deploymentId);
    await opened.enqueue('a');
    expect(await holder.held).toBe('a');
    const { handle, taken } = recorder();
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await holder.kill();
    expect(taken).toEqual([]);
    await until(() => expect(taken).toEqual(['a']));
    await opened.empty();
  });

  it('lets go of what its consumers hold when it closes: it is delivered again', async () => {
    const leaving = await subject.open();
    const first = recorder({ hold: true });
    await leaving.queues.consume(opened.deploymentId, 1, first.handle);
    await opened.enqueue('a');
    await until(() => expect(first.heldNow()).toBe(1));
    await leaving.close();
    const { handle, taken } = recorder();
    await opened.transport.queues.consume(opened.deploymentId, 1, handle);
    await until(() => expect(taken).toEqual(['a']));
    // Too late to have a say.
    first.release();
    await opened.empty();
    expect(taken).toEqual(['a']);
  });
}
