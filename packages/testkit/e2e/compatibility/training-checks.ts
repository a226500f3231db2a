import type { Training } from 'replicate';
import { expect } from 'vitest';
import { eventually } from '../../src/house.ts';
import type { Check } from './check.ts';
import type { World } from './world.ts';

const TEXT = `${'abc'.repeat(14)}d`;

/** The trainer among the examples, on a short text, into a model of its own. */
async function train({ client, versionOf }: World, name: string, input: object = {}): Promise<Training> {
  const replicate = client();
  await replicate.models.create('hearth', name, { visibility: 'private', hardware: 'cpu' });
  const { urls } = await replicate.files.create(new Blob([TEXT], { type: 'text/plain' }));
  return replicate.trainings.create('hearth', 'trainer', await versionOf('hearth/trainer'), {
    destination: `hearth/${name}`,
    input: { text: urls.get, order: 2, ...input },
  });
}

export const TRAINING_CHECKS: readonly Check[] = [
  {
    method: 'trainings.create',
    how: 'makes a version of the destination, which `run` takes',
    http: 'POST /models/{o}/{n}/versions/{id}/trainings',
    async holds(world) {
      const training = await train(world, 'trained');
      const { output } = await eventually('the training to end', async () => {
        const seen = await world.client().trainings.get(training.id);
        return seen.status === 'succeeded' && seen;
      });
      const version = output?.version as `${string}/${string}:${string}`;
      expect(version).toMatch(/^hearth\/trained:[0-9a-f]{64}$/);
      expect(output?.weights).toMatch(/^https:/);
      expect(await world.client().run(version, { input: { start: 'ab', length: 100 } })).toMatch(/^c(abc)*d$/);
    },
  },
  {
    method: 'trainings.create',
    how: 'a destination that does not exist: 404',
    http: 'POST /models/{o}/{n}/versions/{id}/trainings',
    async holds({ client, versionOf }) {
      const made = client().trainings.create('hearth', 'trainer', await versionOf('hearth/trainer'), {
        destination: 'hearth/nowhere',
        input: { text: 'https://example.com/a.txt' },
      });
      await expect(made).rejects.toThrow(/404.*The specified training destination does not exist/s);
    },
  },
  {
    method: 'trainings.get',
    how: '',
    http: 'GET /trainings/{id}',
    async holds(world) {
      const made = await train(world, 'got');
      expect(await world.client().trainings.get(made.id)).toMatchObject({ id: made.id, model: 'hearth/trainer' });
    },
  },
  {
    method: 'trainings.cancel',
    how: '',
    http: 'POST /trainings/{id}/cancel',
    async holds(world) {
      const made = await train(world, 'stopped', { seconds: 60 });
      await world.client().trainings.cancel(made.id);
      await eventually('it to be canceled', async () => {
        const { status } = await world.client().trainings.get(made.id);
        return status === 'canceled';
      });
    },
  },
  {
    method: 'trainings.list',
    how: '',
    http: 'GET /trainings',
    async holds(world) {
      const made = await train(world, 'listed');
      const { results } = await world.client().trainings.list();
      expect(results[0]?.id).toBe(made.id);
    },
  },
];
