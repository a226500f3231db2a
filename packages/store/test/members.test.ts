import { newId, systemNow } from '@hearth/kit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStore, migrate, type Store } from '../src/index.ts';
import { hex64, openWorld, unique, type World } from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

const makeAccount = () => {
  const username = unique('team');
  return store.accounts.ensure({ type: 'organization', username, name: 'Team', owner: 'ada' });
};
const names = async (accountId: string) => (await store.accounts.members(accountId)).map(({ name }) => name);
const addToken = (accountId: string, memberId?: string) =>
  store.accounts.addToken({ accountId, memberId, name: 'laptop', scope: 'run', hash: hex64(), hint: 'wxyz' });

describe('members', () => {
  test('an account begins with one owner, and a name is taken once', async () => {
    const { id } = await makeAccount();
    expect(await store.accounts.members(id)).toMatchObject([{ name: 'ada', role: 'owner' }]);
    expect(await store.accounts.addMember(id, { name: 'bob', role: 'member' })).toMatchObject({ name: 'bob' });
    expect(await store.accounts.addMember(id, { name: 'bob', role: 'owner' })).toBe('taken');
    expect(await names(id)).toEqual(['ada', 'bob']);
  });

  test('the last owner stays one', async () => {
    const { id } = await makeAccount();
    expect(await store.accounts.removeMember(id, 'ada')).toBe('last-owner');
    expect(await store.accounts.setMemberRole(id, 'ada', 'member')).toBe('last-owner');
    await store.accounts.addMember(id, { name: 'bob', role: 'member' });
    expect(await store.accounts.removeMember(id, 'ada')).toBe('last-owner');
    await store.accounts.setMemberRole(id, 'bob', 'owner');
    expect(await store.accounts.removeMember(id, 'ada')).toBe('removed');
    expect(await store.accounts.removeMember(id, 'ada')).toBeNull();
    expect(await store.accounts.setMemberRole(id, 'ada', 'owner')).toBeNull();
  });

  test('two owners who remove each other at once leave one', async () => {
    for (let n = 0; n < 10; n++) {
      const { id } = await makeAccount();
      await store.accounts.addMember(id, { name: 'bob', role: 'owner' });
      const outcomes = await Promise.all([
        store.accounts.removeMember(id, 'ada'),
        store.accounts.removeMember(id, 'bob'),
      ]);
      expect(new Set(outcomes)).toEqual(new Set(['last-owner', 'removed']));
      expect(await names(id)).toHaveLength(1);
    }
  });

  test('take their tokens and sessions with them, and no others', async () => {
    const { id } = await makeAccount();
    const bob = await store.accounts.addMember(id, { name: 'bob', role: 'member' });
    if (bob === 'taken') throw new Error('the account is new');
    const [kept, gone] = [await addToken(id), await addToken(id, bob.id)];
    expect([kept.member, gone.member, gone.memberRole]).toEqual(['ada', 'bob', 'member']);
    const hash = hex64();
    await store.sessions.add({ hash, tokenId: gone.id, expiresAt: systemNow() + 60_000 });
    expect(await store.sessions.byHash(hash)).toMatchObject({ token: { id: gone.id } });
    expect(await store.accounts.removeMember(id, 'bob')).toBe('removed');
    expect((await store.accounts.tokens(id)).map((token) => token.id)).toEqual([kept.id]);
    expect(await store.sessions.byHash(hash)).toBeNull();
    await expect(addToken(id, bob.id)).rejects.toThrow('there is no member');
  });

  test('of one account are none of another', async () => {
    const [one, other] = [await makeAccount(), await makeAccount()];
    const foreign = await store.accounts.member(other.id, 'ada');
    await expect(addToken(one.id, foreign?.id)).rejects.toThrow('there is no member');
  });
});

test('an operator gets in with a token that is not over, of an owner', async () => {
  const fresh = await openWorld();
  const { accounts } = fresh.store;
  const { id } = await accounts.ensure({ type: 'user', username: 'hearth', name: '' });
  const token = { accountId: id, name: 'first', operator: true, hint: 'wxyz' };
  await accounts.addToken({ ...token, scope: 'admin', hash: hex64(), expiresAt: systemNow() - 1 });
  await accounts.addToken({ ...token, scope: 'read', hash: hex64() });
  expect(await accounts.hasOperatorToken()).toBe(false);
  await accounts.addToken({ ...token, scope: 'admin', hash: hex64(), expiresAt: systemNow() + 60_000 });
  expect(await accounts.hasOperatorToken()).toBe(true);
  await accounts.addMember(id, { name: 'bob', role: 'owner' });
  await accounts.setMemberRole(id, 'hearth', 'member');
  expect(await accounts.hasOperatorToken()).toBe(false);
  await fresh.close();
});

test('tokens from before there were scopes can do what they could', async () => {
  const url = new URL(world.url);
  url.pathname = `/${unique('before').replace('-', '_')}`;
  const admin = new Client({ connectionString: world.url });
  await admin.connect();
  await admin.query(`create database ${url.pathname.slice(1)}`);
  try {
    await migrate(url.href, '0029-budgets');
    const before = new Client({ connectionString: url.href });
    await before.connect();
    await before.query(
      "insert into accounts (id, type, username, name, created_at) values ('a', 'user', 'ada', '', now())",
    );
    for (const role of ['admin', 'member'])
      await before.query(
        'insert into tokens (id, account_id, name, role, hash, hint, created_at) values ($1, $2, $1, $1, $3, $4, now())',
        [role, 'a', hex64(role), ''],
      );
    await before.end();
    await migrate(url.href);
    const migrated = await createStore({ url: url.href });
    expect(await migrated.accounts.members('a')).toMatchObject([{ name: 'ada', role: 'owner' }]);
    const powers = (await migrated.accounts.tokens('a')).map(({ name, member, scope, operator, expiresAt }) => [
      name,
      { member, scope, operator, expiresAt },
    ]);
    const same = { member: 'ada', scope: 'admin', expiresAt: null };
    expect(Object.fromEntries(powers)).toEqual({
      admin: { ...same, operator: true },
      member: { ...same, operator: false },
    });
    await migrated.close();
  } finally {
    await admin.query(`drop database ${url.pathname.slice(1)} with (force)`);
    await admin.end();
  }
});

describe('the audit log', () => {
  const entry = (account: string) => ({
    id: newId(systemNow()),
    at: systemNow(),
    operation: 'models.update',
    account,
    member: 'ada',
    tokenId: 't',
    tokenName: 'laptop',
    operator: false,
    source: 'api' as const,
    ip: '127.0.0.1',
    subject: null,
    owner: null,
    asked: { description: 'Reads pages', 'keep_alive.mode': null },
  });
  const outcome = { at: systemNow(), status: 200, code: null, subject: 'ada/ocr', owner: null, changes: [] };

  test('has one outcome of each entry', async () => {
    const username = unique('account');
    const made = entry(username);
    await store.audit.begin(made);
    await store.audit.end(made.id, outcome);
    await expect(store.audit.end(made.id, outcome)).rejects.toThrow(/duplicate key/);
    expect(await store.audit.list({ account: username, limit: 10 })).toEqual([{ ...made, end: 'done', outcome }]);
  });

  test.each([
    ['done', { status: 200, code: null, subject: null }],
    ['done', { status: 500, code: 'internal', subject: 'ada/ocr' }],
    ['refused', { status: 403, code: 'forbidden', subject: null }],
    ['unknown', { status: 503, code: 'unavailable', subject: null }],
    ['unknown', null],
  ] as const)('says %s of %o', async (end, ended) => {
    const made = entry(unique('account'));
    await store.audit.begin(made);
    if (ended !== null) await store.audit.end(made.id, { ...outcome, ...ended });
    const { account } = made;
    expect(await store.audit.list({ account, limit: 10 })).toMatchObject([{ id: made.id, end }]);
    for (const other of ['done', 'refused', 'unknown'] as const)
      expect(await store.audit.list({ account, end: other, limit: 10 })).toHaveLength(other === end ? 1 : 0);
  });

  test.each([
    ['update audit_entries set ip = null', 'UPDATE'],
    ['delete from audit_outcomes', 'DELETE'],
    ['truncate audit_entries cascade', 'TRUNCATE'],
  ])('refuses to be changed: %s', async (statement, operation) => {
    const made = entry(unique('account'));
    await store.audit.begin(made);
    await store.audit.end(made.id, outcome);
    const client = new Client({ connectionString: world.url });
    await client.connect();
    await expect(client.query(statement)).rejects.toThrow(`the audit log is append-only: ${operation}`);
    await client.end();
    expect(await store.audit.list({ account: made.account, limit: 10 })).toHaveLength(1);
  });
});
