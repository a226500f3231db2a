import type { Need } from '@hearth/contract';
import { expect, it } from 'vitest';
import { askedIn } from '../src/audit/asked.ts';
import { startHouse } from './harness.ts';

interface Operation {
  readonly 'x-needs': Need;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: BodySchema }>> };
}
interface BodySchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly anyOf?: readonly BodySchema[];
}

const fieldsOf = ({ properties = {}, anyOf = [] }: BodySchema = {}): string[] => [
  ...Object.keys(properties),
  ...anyOf.flatMap(fieldsOf),
];

const AUDITED: ReadonlySet<Need> = new Set(['deploy', 'admin', 'operator']);

/** No value of these holds a secret. A field that is new belongs here, or to what `asked.ts` keeps by name only. */
const KEPT = `
  address bind_address callback_host cordoned cost_micros cover_image_url cpus creates_per_minute day_micros default
  default_example description destination devices draining expires_at fallback full_description github_url gpu_share_mib
  gpu_type gpus hardware id image keep_alive key labels license_url max_in_flight max_instances member memory_mib
  min_instances model models month_micros name operator owner paper_url path prediction price_from
  price_micros_per_second readme reason release role scope seconds sku ssh stream tls type url username version
  visibility vram_mib webhook_events_filter weight weights_url`;

it('keeps the values of these fields of a body, and of every other only that it was there', async () => {
  const house = await startHouse();
  const { body } = await house.ask<{ paths: Record<string, Record<string, Operation>> }>('GET', '/openapi.json');
  await house.close();
  const bodies = Object.values(body.paths)
    .flatMap((item) => Object.values(item))
    .filter((operation) => AUDITED.has(operation['x-needs']))
    .flatMap(({ requestBody }) => Object.values(requestBody?.content ?? {}));
  const fields = new Set(bodies.flatMap(({ schema }) => fieldsOf(schema)));
  const kept = [...fields].filter((field) => askedIn({}, { [field]: 'hush' }).asked?.[field] === 'hush');
  expect(kept.toSorted()).toEqual(KEPT.trim().split(/\s+/));
});

it.each([
  [{ username: 'ada' }, { role: 'owner' }, 'ada'],
  [{ owner: 'ada', name: 'ocr' }, null, 'ada'],
  [{ owner: 'bea', name: 'ocr' }, { destination: 'ada/ocr' }, 'ada'],
  [{}, { username: 'ada', owner: 'ann' }, 'ada'],
  [{ id: '01k0' }, { day_micros: null }, null],
])('knows of %o with %o that it is about the things of %s', (params, body, owner) => {
  expect(askedIn(params, body).owner).toBe(owner);
});

it('keeps fields by their paths, long texts by their beginnings, and nothing of what is no object', () => {
  expect(askedIn({}, { keep_alive: { mode: 'fixed' }, ssh: { password: 'x' }, readme: 'x'.repeat(300) }).asked).toEqual(
    {
      'keep_alive.mode': 'fixed',
      'ssh.password': '[secret]',
      readme: `${'x'.repeat(200)}…`,
    },
  );
  for (const body of [undefined, null, 'text', [1], {}]) expect(askedIn({}, body).asked).toBeNull();
});
