import { hostBodySchema, hostPatchSchema, hostSchema } from '@hearth/contract';
import type { HostConnection, HostRow, HostSettings } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { callerOf } from '../plugins/auth.ts';
import { invalidField, notFound, Problem } from '../problem.ts';
import { wireHost } from '../wire-hosts.ts';

const tags = ['fleet'];
const params = z.object({ id: z.string() });

/** Ours: the machines. What an operator says of one is written here; what it turns out to be is the scheduler's. */
export function hostRoutes(app: App, context: Context): void {
  const { hosts } = context.deps.store;
  const there = async (id: string): Promise<HostRow> => {
    const row = await hosts.get(id);
    if (row === null) throw notFound(`Host ${id}`);
    return row;
  };

  app.get(
    '/hosts',
    { config: { needs: 'read' }, schema: { tags, response: { 200: z.array(hostSchema) } } },
    async (request) => {
      const mayOperate = callerOf(request).operator;
      return (await hosts.list()).map((row) => wireHost(row, mayOperate));
    },
  );

  app.get(
    '/hosts/:id',
    { config: { needs: 'read' }, schema: { tags, params, response: { 200: hostSchema } } },
    async (request) => wireHost(await there(request.params.id), callerOf(request).operator),
  );

  writingRoutes(app, context, there);
}

function writingRoutes(app: App, { deps }: Context, there: (id: string) => Promise<HostRow>): void {
  const { bus, now, store } = deps;
  const { hosts } = store;

  app.post(
    '/hosts',
    {
      config: { needs: 'operator', audit: 'hosts.add' },
      schema: { tags, body: hostBodySchema, response: { 201: hostSchema } },
    },
    async (request, reply) => {
      const { body } = request;
      const id = body.id ?? idFromUrl(body.url);
      const added = await hosts.add(id, newSettings(id, body), now());
      if (added === 'taken') throw new Problem('name-taken', `There is a host ${id} already. Give another id.`);
      bus.poke('scheduler');
      noteChange(request, { subject: id, owner: null, after: saidOf(added) });
      reply.code(201);
      return wireHost(added, true);
    },
  );

  app.patch(
    '/hosts/:id',
    {
      config: { needs: 'operator', audit: 'hosts.update' },
      schema: { tags, params, body: hostPatchSchema, response: { 200: hostSchema } },
    },
    async (request) => {
      const standing = await there(request.params.id);
      const changed = await hosts.change(standing.id, changedSettings(standing, request.body));
      if (changed === null) throw notFound(`Host ${standing.id}`);
      bus.poke('scheduler');
      noteChange(request, { subject: changed.id, owner: null, before: saidOf(standing), after: saidOf(changed) });
      return wireHost(changed, true);
    },
  );

  app.post(
    '/hosts/:id/check',
    { config: { needs: 'operator', audit: 'hosts.check' }, schema: { tags, params, response: { 202: hostSchema } } },
    async (request, reply) => {
      const asked = await hosts.askCheck(request.params.id, now());
      if (asked === null) throw notFound(`Host ${request.params.id}`);
      bus.poke('scheduler');
      reply.code(202);
      return wireHost(asked, true);
    },
  );

  app.delete(
    '/hosts/:id',
    {
      config: { needs: 'operator', audit: 'hosts.remove' },
      schema: { tags, params, querystring: z.object({ force: z.enum(['true', 'false']).optional() }) },
    },
    async (request, reply) => {
      const host = await there(request.params.id);
      const { id, connection } = host;
      if (connection === null)
        throw new Problem('host-in-use', 'Hearth itself runs on this host. Cordon it to keep models off it.');
      if (!(await hosts.remove(id, now(), request.query.force === 'true')))
        throw new Problem('host-in-use', `Host ${id} runs instances. Drain it first, or force it.`);
      noteChange(request, { subject: id, owner: null, before: saidOf(host) });
      bus.poke('scheduler');
      bus.poke('dispatcher');
      return reply.code(204).send();
    },
  );
}

/** What an operator says of a host, for the audit log. */
function saidOf(row: HostRow) {
  const { name, labels, cordoned, draining, cpus, connection } = wireHost(row, true);
  return { name, labels, cordoned, draining, cpus, connection };
}

/** `ssh://ada@GPU1:22` → `gpu1`; an address becomes one with dashes. */
function idFromUrl(url: string): string {
  const name = new URL(url).hostname.toLowerCase();
  return name.replaceAll(/[^a-z0-9.]+/g, '-').replace(/^[-.]+|[-.]+$/g, '') || 'host';
}

type Given = z.output<typeof hostBodySchema>;

const newSettings = (id: string, body: Given): HostSettings => ({
  name: body.name ?? id,
  labels: body.labels,
  connection: connectionOf(body),
  declared: { devices: devicesOf(body.devices), memoryMiB: body.memory_mib, cpus: body.cpus },
  cordoned: body.cordoned,
  draining: false,
});

function connectionOf(
  way: Pick<Given, 'url' | 'tls' | 'ssh' | 'address' | 'bind_address' | 'callback_host'>,
): HostConnection {
  if (way.tls !== null && !way.url.startsWith('tcp:'))
    throw invalidField('tls', 'not_allowed', 'belongs to a tcp:// URL; ssh brings its own keys');
  return {
    url: way.url,
    tls: way.tls,
    ssh: { identity: way.ssh.identity, knownHosts: way.ssh.known_hosts },
    address: way.address,
    bindAddress: way.bind_address,
    callbackHost: way.callback_host,
  };
}

const WAY = ['url', 'tls', 'ssh', 'address', 'bind_address', 'callback_host'] as const;

function changedSettings(standing: HostRow, patch: z.output<typeof hostPatchSchema>): Partial<HostSettings> {
  const { name, labels, cordoned, draining, devices, memory_mib, cpus } = patch;
  const declared = standing.declared;
  return {
    ...(name !== undefined && { name }),
    ...(labels !== undefined && { labels }),
    ...(cordoned !== undefined && { cordoned }),
    ...(draining !== undefined && { draining }),
    declared: {
      devices: devices === undefined ? declared.devices : devicesOf(devices),
      memoryMiB: memory_mib === undefined ? declared.memoryMiB : memory_mib,
      cpus: cpus === undefined ? declared.cpus : cpus,
    },
    ...(WAY.some((field) => patch[field] !== undefined) && { connection: changedConnection(standing, patch) }),
  };
}

function changedConnection({ connection }: HostRow, patch: z.output<typeof hostPatchSchema>): HostConnection {
  if (connection === null)
    throw invalidField('url', 'not_allowed', 'is not for the machine that Hearth itself runs on');
  const { ssh } = connection;
  return connectionOf({
    url: patch.url ?? connection.url,
    tls: patch.tls === undefined ? connection.tls : patch.tls,
    ssh: patch.ssh ?? { identity: ssh.identity, known_hosts: ssh.knownHosts },
    address: patch.address === undefined ? connection.address : patch.address,
    bind_address: patch.bind_address === undefined ? connection.bindAddress : patch.bind_address,
    callback_host: patch.callback_host === undefined ? connection.callbackHost : patch.callback_host,
  });
}

const devicesOf = (devices: Given['devices']) =>
  devices && devices.map(({ id, name, vram_mib }) => ({ id, name, vramMiB: vram_mib }));
