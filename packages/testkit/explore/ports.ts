import type { Bus, Queues } from '@hearth/queue';
import type { Runtime } from '@hearth/scheduler/src/runtime/runtime.ts';
import type { Store } from '@hearth/store';
import type { MemoryTransport } from '../src/memory-transport/memory-broker.ts';
import { type Incarnation, never } from './incarnation.ts';

/** Every method of a port by itself, through the incarnation that calls it. */
function guarded<Port extends object>(name: string, port: Port, who: Incarnation): Port {
  const methods = new Map<string | symbol, unknown>();
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      const known = methods.get(key);
      if (known !== undefined) return known;
      const method = (...args: unknown[]): Promise<unknown> =>
        who.call(`${name}.${String(key)}${told(args)}`, () => Reflect.apply(value, target, args));
      methods.set(key, method);
      return method;
    },
  });
}

/** The ids among the arguments: enough to read a trace by. */
const told = (args: readonly unknown[]): string =>
  `(${args.flatMap((arg) => (typeof arg === 'string' || typeof arg === 'number' ? String(arg) : idOf(arg))).join(', ')})`;
const idOf = (arg: unknown): string | [] => {
  if (typeof arg !== 'object' || arg === null) return [];
  const id = Reflect.get(arg, 'id') ?? Reflect.get(arg, 'predictionId') ?? Reflect.get(arg, 'status');
  return typeof id === 'string' ? id : [];
};

/** The store as this incarnation has it. */
export function guardedStore(store: Store, who: Incarnation): Store {
  const parts = new Map<string | symbol, unknown>();
  return new Proxy(store, {
    get(target, key) {
      const known = parts.get(key);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, key);
      const part = typeof value === 'object' && value !== null ? guarded(String(key), value, who) : value;
      parts.set(key, part);
      return part;
    },
  });
}

/** Queues and bus as this incarnation has them. */
export function guardedTransport(transport: MemoryTransport, who: Incarnation): { queues: Queues; bus: Bus } {
  const { queues, bus } = transport;
  who.whenDead(() => transport.die());
  return {
    queues: {
      ...guarded('queues', { ...queues }, who),
      enqueue: (...args) => who.call(`queues.enqueue${told(args)} ${told([args[1]])}`, () => queues.enqueue(...args)),
      restore: (tickets) => who.call('queues.restore', () => queues.restore(tickets)),
      withdraw: (...args) => who.call(`queues.withdraw${told(args)}`, () => queues.withdraw(...args)),
      depth: (...args) => who.call(`queues.depth${told(args)}`, () => queues.depth(...args)),
      obliterate: (...args) => who.call(`queues.obliterate${told(args)}`, () => queues.obliterate(...args)),
      async consume(deploymentId, slots, handle) {
        const consumer = await who.call(`queues.consume(${deploymentId})`, () =>
          queues.consume(deploymentId, slots, (ticket) => (who.isOver ? never() : who.run(() => handle(ticket)))),
        );
        return {
          setSlots: (count) => who.fire(`consumer.setSlots(${count})`, () => consumer.setSlots(count)),
          close() {
            // From now on it takes nothing: no way leads to that, it is in the same process. Nor does a broken connection
            // keep it from closing: BullMQ's workers swallow that.
            const closed = consumer.close();
            return who.call('consumer.close()', () => closed).catch(() => closed);
          },
        };
      },
      onAmnesia: (listener) => queues.onAmnesia(() => who.run(listener)),
    },
    bus: {
      poke: (room) => who.fire(`bus.poke(${room})`, () => bus.poke(room)),
      onPoke: (room, listener) => bus.onPoke(room, () => who.run(listener)),
      // Nobody in here reads what is announced.
      announce: () => {},
      onNotice: (listener) => bus.onNotice((notice) => who.run(() => listener(notice))),
      close: () => bus.close(),
    },
  };
}

/** A host's runtime as this incarnation of the scheduler has it. */
export function guardedRuntime(runtime: Runtime, who: Incarnation): Runtime {
  const over = guarded('runtime', runtime, who);
  return new Proxy(runtime, {
    get(target, key) {
      if (key === 'events') {
        return (listener: Parameters<Runtime['events']>[0]) =>
          target.events({
            exited: (exit) => (who.isOver ? undefined : who.run(() => listener.exited(exit))),
            gap: () => (who.isOver ? undefined : who.run(() => listener.gap())),
          });
      }
      if (key === 'cut') return () => who.fire('runtime.cut()', () => target.cut());
      if (key === 'close') return async () => {};
      return Reflect.get(over, key);
    },
  });
}
