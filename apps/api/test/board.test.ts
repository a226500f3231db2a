import type { BoardChange, BoardHost, BoardSnapshot } from '@hearth/contract';
import { createLogger } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Board, type BoardRows, changeBetween, EMPTY_BOARD, settled, snapshotOf } from '../src/board/board.ts';
import { createWatching, nextLookMs } from '../src/board/watching.ts';
import type { Identity } from '../src/plugins/auth.ts';
import { createDispatcher, type House, startHouse } from './harness.ts';
import { addInstance } from './parts.ts';

const host = (id: string, over: Partial<BoardHost> = {}): BoardHost => ({
  id,
  name: id,
  state: 'ready',
  cordoned: false,
  draining: false,
  labels: {},
  memory_mib: 1024,
  memory_held_mib: 0,
  instances: 0,
  devices: [],
  lost_since: null,
  lost_reason: null,
  ...over,
});
const withHosts = (...hosts: BoardHost[]): BoardRows => ({ deployments: [], instances: [], hosts, predictions: [] });
const AT = '2026-01-02T00:00:00.000Z';

describe('a board', () => {
  it('is the same one where every row says the same', () => {
    const board = settled(EMPTY_BOARD, withHosts(host('a'), host('b')));
    expect(settled(board, withHosts(host('a'), host('b')))).toBe(board);
    const next = settled(board, withHosts(host('a'), host('b', { cordoned: true })));
    expect(next.hosts.get('a')).toBe(board.hosts.get('a'));
    expect(next.deployments).toBe(board.deployments);
  });

  it('goes to a later one by what is new, says something else or left', () => {
    const first = settled(EMPTY_BOARD, withHosts(host('a'), host('b')));
    const later = settled(settled(first, withHosts(host('a'))), withHosts(host('a', { cordoned: true }), host('c')));
    expect(changeBetween(first, later, AT)).toEqual({
      at: AT,
      upserts: { hosts: [host('a', { cordoned: true }), host('c')] },
      removals: { hosts: ['b'] },
    });
    expect(changeBetween(later, later, AT)).toEqual({ at: AT, upserts: {}, removals: {} });
  });

  it('is rebuilt from a snapshot and any changes after it', () => {
    const looks = [[host('a')], [host('a'), host('b')], [host('b', { instances: 2 })], [], [host('a', { name: 'z' })]];
    const seen = new Map<string, BoardHost>();
    let board: Board = EMPTY_BOARD;
    for (const { id, ...rest } of snapshotOf(board, AT).hosts) seen.set(id, { id, ...rest });
    for (const rows of looks) {
      const next = settled(board, withHosts(...rows));
      const { upserts, removals } = changeBetween(board, next, AT);
      for (const row of upserts.hosts ?? []) seen.set(row.id, row);
      for (const id of removals.hosts ?? []) seen.delete(id);
      board = next;
      expect([...seen.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(rows);
    }
  });
});

it('the next look is soon where something stirs or was heard of', () => {
  expect([nextLookMs(false, false), nextLookMs(true, false), nextLookMs(false, true)]).toEqual([2_000, 300, 300]);
});

describe('watching', () => {
  const account = { type: 'user', username: 'ada', name: '', createdAt: 0 } as const;
  const caller = (id: string): Identity => ({
    account: { ...account, id },
    scope: 'admin',
    operator: false,
    member: 'ada',
    tokenName: 'test',
    expiresAt: null,
    tokenId: 't',
    source: 'api',
  });

  /** Looks are counted and answered by the test. */
  function openWatching() {
    const looks: (readonly string[])[] = [];
    let rows = withHosts(host('a'));
    const pokes = new Set<() => void>();
    const watching = createWatching({
      bus: {
        onPoke: (_room, listener) => {
          pokes.add(listener);
          return () => pokes.delete(listener);
        },
        onNotice: () => () => {},
      },
      log: createLogger({ room: 'test', level: 'silent' }),
      now: () => Date.parse(AT),
      look: async (accountIds) => {
        looks.push(accountIds);
        const found = rows;
        return { stirs: false, rowsFor: async () => found };
      },
    });
    return {
      watching,
      looks,
      pokes,
      say: (next: BoardRows) => {
        rows = next;
        for (const poke of pokes) poke();
      },
    };
  }

  it('looks once for all, and not at all where nobody watches', async () => {
    const { watching, looks, pokes, say } = openWatching();
    expect(pokes.size).toBe(0);
    const news = vi.fn<() => void>();
    const readers = [watching.open(caller('ada'), news), watching.open(caller('ada'), news)];
    readers.push(watching.open(caller('bob'), news));
    await vi.waitUntil(() => readers.every((reader) => reader.after(null) !== null));
    expect(looks.at(-1)).toEqual(['ada', 'bob']);
    const [one, two] = readers.map((reader) => reader.after(null));
    expect(one?.bytes).toBe(two?.bytes);
    expect(readers[0]?.after(one?.position ?? null)).toBeNull();

    say(withHosts(host('b')));
    await vi.waitUntil(() => readers[0]?.after(one?.position ?? null));
    const text = readers[0]?.after(one?.position ?? null)?.bytes.toString();
    expect(text).toMatch(/^event: change\ndata: \{.*"removals":\{"hosts":\["a"\]\}\}\n\n$/);
    for (const reader of readers) reader.close();
    expect(pokes.size).toBe(0);
    watching.close();
  });

  it('takes a slow reader from what it has to what is there, over all that it missed', async () => {
    const { watching, say } = openWatching();
    const reader = watching.open(caller('ada'), () => {});
    await vi.waitUntil(() => reader.after(null));
    const stale = reader.after(null)?.position ?? null;
    for (const name of ['x', 'y']) {
      say(withHosts(host('a', { name })));
      await vi.waitUntil(() => reader.after(stale)?.bytes.includes(`"name":"${name}"`));
    }
    const chunk = reader.after(stale);
    expect(chunk?.bytes.toString()).not.toContain('"name":"x"');
    expect(reader.after(chunk?.position ?? null)).toBeNull();
    reader.close();
  });

  it('begins anew for who comes after the last one left while a look was due', async () => {
    const { watching, say } = openWatching();
    const reader = watching.open(caller('ada'), () => {});
    await vi.waitUntil(() => reader.after(null));
    say(withHosts(host('b')));
    reader.close();
    const next = watching.open(caller('ada'), () => {});
    await vi.waitUntil(() => next.after(null), { timeout: 5_000 });
    expect(next.after(null)?.bytes.toString()).toContain('"id":"b"');
    next.close();
  });
});

describe('the stream of the board', () => {
  let house: House;
  let url: string;
  beforeAll(async () => {
    house = await startHouse();
    url = await house.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(() => house.close());

  /** What a watcher has been told, as the web UI keeps it. */
  async function watch(token: string, at = url) {
    const cut = new AbortController();
    const response = await fetch(`${at}/v1/board/events`, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
      signal: cut.signal,
    });
    if (response.body === null) throw new Error(`the board answered ${response.status}`);
    const sections = { deployments: new Map(), instances: new Map(), hosts: new Map(), predictions: new Map() };
    const names: string[] = [];
    const hear = (event: string, data: string): void => {
      names.push(event);
      const said: BoardSnapshot | BoardChange = JSON.parse(data);
      const upserts = 'upserts' in said ? said.upserts : said;
      const removals = 'upserts' in said ? said.removals : {};
      for (const section of ['deployments', 'instances', 'hosts', 'predictions'] as const) {
        for (const row of upserts[section] ?? []) sections[section].set(row.id, row);
        for (const id of removals[section] ?? []) sections[section].delete(id);
      }
    };
    const read = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
      const decoder = new TextDecoder();
      let text = '';
      for await (const bytes of body) {
        text += decoder.decode(bytes, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
          if (event !== undefined && data !== undefined) hear(event, data);
        }
      }
    };
    const over = read(response.body).catch((error: unknown) => {
      if (!cut.signal.aborted) throw error;
    });
    await vi.waitUntil(() => names.length > 0);
    return { ...sections, names, over, leave: () => cut.abort() };
  }

  const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

  it('tells of a boot from cold to warm, of a prediction to its end, and of an instance that leaves', async () => {
    const { deployment, version } = await house.addModel('lively');
    const board = await watch(house.admin.token);
    expect(board.names).toEqual(['snapshot']);
    expect(board.deployments.get(deployment.id)).toMatchObject({
      temperature: 'cold',
      boot: null,
      model: 'hearth/lively',
    });

    const { body } = await house.ask('POST', '/v1/predictions', { version: version.id, input: { text: 'hi' } });
    const id = await addInstance(house, deployment);
    await until(() => {
      expect(board.deployments.get(deployment.id)).toMatchObject({ temperature: 'booting', boot: { instance: id } });
      expect(board.predictions.get(body.id)).toMatchObject({ status: 'starting', model: 'hearth/lively' });
    });
    await house.store.instances.move(id, 'booting', 'booted', { at: Date.now() });
    await until(() => expect(board.instances.get(id)).toMatchObject({ state: 'ready', deployment: 'hearth/lively' }));
    const dispatcher = createDispatcher(house.deps);
    await dispatcher.finish(await dispatcher.claim(body.id), 'succeeded', { output: ['x'] });
    await until(() => expect(board.predictions.get(body.id)).toMatchObject({ status: 'succeeded' }));
    await house.store.instances.move(id, 'ready', 'vanished', { at: Date.now() });
    await until(() => expect(board.instances.has(id)).toBe(false));
    expect(new Set(board.names.slice(1))).toEqual(new Set(['change']));
    board.leave();
    await board.over;
  });

  it('shows a member no private model, no prediction of others, and yet who holds a GPU', async () => {
    const member = await house.addCaller('watcher', 'member');
    const { deployment } = await house.addModel('secret', undefined, 'private');
    const devices = [{ id: '0', name: 'GPU', vramMiB: 24_000 }];
    await house.store.hosts.upsert({ id: 'gpus', name: 'gpus', devices, lastSeenAt: Date.now() });
    await addInstance(house, deployment, { hostId: 'gpus', deviceIds: ['0'], gpuShareMiB: 6_000 });
    const [all, some] = [await watch(house.admin.token), await watch(member.token)];
    expect(all.deployments.has(deployment.id)).toBe(true);
    expect(some.deployments.has(deployment.id)).toBe(false);
    expect([...some.instances.values()].map((one) => one.deployment_id)).not.toContain(deployment.id);
    expect(some.predictions.size).toBe(0);
    expect(some.hosts.get('gpus')).toMatchObject({
      instances: 1,
      memory_held_mib: 2048,
      devices: [{ held_mib: 6_000 }],
    });
    all.leave();
    some.leave();
    await Promise.all([all.over, some.over]);
  });

  it('asks for a token, and ends with the API', async () => {
    expect((await fetch(`${url}/v1/board/events`)).status).toBe(401);
    const once = await fetch(`${url}/v1/board/events`, { headers: { authorization: `Bearer ${house.admin.token}` } });
    expect(await once.text()).toMatch(/event: snapshot\ndata: .*\n\n$/);
    const other = await startHouse();
    const address = await other.app.listen({ host: '127.0.0.1', port: 0 });
    const board = await watch(other.admin.token, address);
    await other.close();
    await board.over;
    expect(board.names).toEqual(['snapshot']);
  });
});
