import { expect } from 'vitest';
import type { Check } from './check.ts';

const VERSION = /^[0-9a-f]{64}$/;
const CPU = { hardware: 'cpu', min_instances: 0, max_instances: 1 };

/** What Replicate lists: models, versions, collections, hardware, deployments, trainings. */
export const CATALOGUE_CHECKS: readonly Check[] = [
  {
    method: 'hardware.list',
    how: '',
    http: 'GET /hardware',
    async holds({ client }) {
      expect(await client().hardware.list()).toContainEqual(
        expect.objectContaining({ sku: 'cpu', name: expect.any(String) }),
      );
    },
  },
  {
    method: 'models.create',
    how: '',
    http: 'POST /models',
    async holds({ client }) {
      const model = await client().models.create('hearth', 'made', { visibility: 'private', hardware: 'cpu' });
      expect(model).toMatchObject({ owner: 'hearth', name: 'made', visibility: 'private', run_count: 0 });
    },
  },
  {
    method: 'models.get',
    how: '',
    http: 'GET /models/{o}/{n}',
    async holds({ client, versionOf }) {
      const model = await client().models.get('hearth', 'ocr');
      expect(model.latest_version?.id).toBe(await versionOf('hearth/ocr'));
    },
  },
  {
    method: 'models.list',
    how: '',
    http: 'GET /models',
    async holds({ client }) {
      const { results } = await client().models.list();
      expect(results.map(({ name }) => name)).toEqual(expect.arrayContaining(['ocr', 'thumbnail', 'stream']));
    },
  },
  {
    method: 'models.search',
    how: '',
    http: 'QUERY /models',
    async holds({ client }) {
      const { results } = await client().models.search('thumbnail');
      expect(results[0]?.name).toBe('thumbnail');
    },
  },
  {
    method: 'models.versions.list',
    how: '',
    http: 'GET /models/{o}/{n}/versions',
    async holds({ client, versionOf }) {
      const page = (await client().models.versions.list('hearth', 'ocr')) as { results: { id: string }[] };
      expect(page.results[0]?.id).toBe(await versionOf('hearth/ocr'));
    },
  },
  {
    method: 'models.versions.get',
    how: '',
    http: 'GET /models/{o}/{n}/versions/{id}',
    async holds({ client, versionOf }) {
      const version = await client().models.versions.get('hearth', 'ocr', await versionOf('hearth/ocr'));
      expect(version).toMatchObject({ id: expect.stringMatching(VERSION), cog_version: expect.any(String) });
      expect(version.openapi_schema).toHaveProperty('components.schemas.Input.properties.image');
    },
  },
  {
    method: 'collections.list',
    how: '',
    http: 'GET /collections',
    async holds({ client, house }) {
      const body = { name: 'Text', description: 'Models of text.', models: ['hearth/stream'] };
      await house.request('PUT', '/v1/collections/text', body);
      const { results } = await client().collections.list();
      expect(results).toContainEqual(expect.objectContaining({ slug: 'text', name: 'Text' }));
    },
  },
  {
    method: 'collections.get',
    how: '',
    http: 'GET /collections/{slug}',
    async holds({ client }) {
      const collection = await client().collections.get('text');
      expect(collection.models?.map(({ name }) => name)).toEqual(['stream']);
    },
  },
  {
    method: 'deployments.create',
    how: '',
    http: 'POST /deployments',
    async holds({ client, versionOf }) {
      const version = await versionOf('hearth/stream');
      const made = await client().deployments.create({ name: 'words', model: 'hearth/stream', version, ...CPU });
      expect(made).toMatchObject({ owner: 'hearth', name: 'words', current_release: { number: 1, version } });
    },
  },
  {
    method: 'deployments.get',
    how: '',
    http: 'GET /deployments/{o}/{n}',
    async holds({ client }) {
      const { current_release } = await client().deployments.get('hearth', 'words');
      expect(current_release).toMatchObject({ model: 'hearth/stream', configuration: CPU });
    },
  },
  {
    method: 'deployments.list',
    how: '',
    http: 'GET /deployments',
    async holds({ client }) {
      const { results } = await client().deployments.list();
      expect(results.map(({ name }) => name)).toEqual(['words']);
    },
  },
  {
    method: 'deployments.predictions.create',
    how: '`wait: true`',
    http: 'POST /deployments/{o}/{n}/predictions',
    async holds({ client }) {
      const ended = await client().deployments.predictions.create('hearth', 'words', {
        input: { text: 'a b', rate: 100 },
        wait: true,
      });
      expect(ended).toMatchObject({ status: 'succeeded', output: ['a ', 'b'], deployment: 'hearth/words' });
    },
  },
  {
    method: 'deployments.update',
    how: 'makes a new release',
    http: 'PATCH /deployments/{o}/{n}',
    async holds({ client }) {
      const updated = await client().deployments.update('hearth', 'words', { max_instances: 2 });
      expect(updated.current_release).toMatchObject({ number: 2, configuration: { max_instances: 2 } });
    },
  },
  {
    method: 'deployments.delete',
    how: '',
    http: 'DELETE /deployments/{o}/{n}',
    async holds({ client }) {
      expect(await client().deployments.delete('hearth', 'words')).toBe(true);
      await expect(client().deployments.get('hearth', 'words')).rejects.toThrow('404');
    },
  },
];
