import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WireFile, WirePrediction } from '@hearth/contract';
import type { House } from '../src/house.ts';
import { endOf } from './ended.ts';
import { answering } from './fleet.ts';
import type { Shot } from './pages.ts';

const PICTURE = join(import.meta.dirname, '../../../docker/models/ocr/example/page.png');

const README = `# thumbnail

Makes a picture **smaller**, and keeps its proportions.

- PNG, JPEG and WebP
- never enlarges

| width | bytes |
| --- | --- |
| 256 | 9,100 |
| 640 | 30,505 |

\`\`\`sh
hearth run hearth/thumbnail -i image=@page.png -i width=640
\`\`\`
`;

/** What the pages of models and predictions are shown with: a picture that was made smaller, shown as an example. */
export async function furnishModels(
  house: House,
  post: <T>(path: string, body: unknown, method?: string) => Promise<T>,
): Promise<WirePrediction> {
  const form = new FormData();
  form.append('content', new Blob([readFileSync(PICTURE)], { type: 'image/png' }), 'page.png');
  const sent = await fetch(`${house.url}/v1/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.token}` },
    body: form,
  });
  const { urls } = (await sent.json()) as WireFile;
  const picture = await endOf(
    house,
    await post<WirePrediction>('/v1/models/hearth/thumbnail/predictions', {
      input: { image: urls.get, width: 640, format: 'png', grayscale: true },
    }),
  );
  await post('/v1/models/hearth/thumbnail', { readme: README, default_example: picture.id }, 'PATCH');
  return picture;
}

const REFUSAL = { status: 503, title: 'Unavailable', code: 'unavailable', detail: 'The database does not answer.' };
const NO_PAGE = { next: null, previous: null, results: [] };

export const MODEL_SHOTS: readonly Shot[] = [
  { name: 'models', path: '/models', prepare: (page) => page.getByText('hearth/ocr').waitFor() },
  {
    name: 'models-empty',
    path: '/models',
    async prepare(page) {
      await answering(page, '/v1/models', { status: 200, body: NO_PAGE });
      await page.getByText('No models yet').waitFor();
    },
  },
  {
    name: 'models-loading',
    path: '/models',
    async prepare(page) {
      await answering(page, '/v1/models', null);
      await page.getByRole('status').waitFor();
    },
  },
  {
    name: 'models-error',
    complaint: /422/,
    path: '/models',
    async prepare(page) {
      await answering(page, '/v1/models', { status: 422, body: { ...REFUSAL, status: 422 } });
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'playground',
    path: ({ picture }) => `/models/hearth/thumbnail?prediction=${picture.id}`,
    async prepare(page) {
      await page.getByText('succeeded').waitFor();
      await page.getByRole('img', { name: 'page.png' }).waitFor();
    },
  },
  {
    name: 'playground-refused',
    path: '/models/hearth/thumbnail',
    async prepare(page) {
      await page.locator('form [id$="_width"]').fill('0');
      await page.getByRole('button', { name: /^Run/ }).click();
      await page.getByText('is required').waitFor();
    },
  },
  {
    name: 'playground-waiting',
    complaint: /404/,
    path: '/models/hearth/ocr',
    async prepare(page) {
      await answering(page, '/v1/predictions/waits', { status: 200, body: WAITING });
      await page.goto('/models/hearth/ocr?prediction=waits');
      await page.getByText('Next in the queue.').waitFor();
    },
  },
  {
    name: 'playground-python',
    path: ({ picture }) => `/models/hearth/thumbnail?prediction=${picture.id}`,
    async prepare(page) {
      await page.getByText('Python', { exact: true }).click();
      await page.getByRole('region', { name: 'The call in Python' }).waitFor();
    },
  },
  { name: 'model-api', path: '/models/hearth/thumbnail?tab=api' },
  {
    name: 'model-examples',
    path: '/models/hearth/thumbnail?tab=examples',
    prepare: (page) => page.getByText('Tweak it').waitFor(),
  },
  {
    name: 'model-examples-empty',
    path: '/models/hearth/ocr?tab=examples',
    prepare: (page) => page.getByText('No examples yet').waitFor(),
  },
  {
    name: 'model-readme',
    path: '/models/hearth/thumbnail?tab=readme',
    prepare: (page) => page.getByText('never enlarges').waitFor(),
  },
  {
    name: 'model-versions',
    path: '/models/hearth/thumbnail?tab=versions',
    prepare: (page) => page.getByText('newest').waitFor(),
  },
  {
    name: 'model-train',
    path: '/models/hearth/trainer?tab=train',
    prepare: (page) => page.getByText('seconds').waitFor(),
  },
  {
    name: 'model-settings',
    path: '/models/hearth/thumbnail?tab=settings',
    prepare: (page) => page.getByLabel('Description').waitFor(),
  },
  {
    name: 'model-settings-refused',
    complaint: /422/,
    path: '/models/hearth/thumbnail?tab=settings',
    async prepare(page) {
      await page.getByLabel('Paper').fill('the paper');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('must be an http or https URL').waitFor();
      await page.getByRole('region', { name: 'Deleting it' }).scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'model-settings-delete',
    complaint: /422/,
    path: '/models/hearth/thumbnail?tab=settings',
    async prepare(page) {
      await page.getByRole('button', { name: 'Delete the model' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('Make it private first.').waitFor();
    },
  },
  {
    name: 'model-missing',
    complaint: /404/,
    path: '/models/hearth/no-such-model',
    prepare: (page) => page.getByRole('alert').waitFor(),
  },
  {
    name: 'predictions',
    path: '/predictions',
    prepare: (page) => page.getByRole('listitem').first().waitFor(),
  },
  {
    name: 'predictions-none',
    path: '/predictions?status=canceled&model=hearth/ocr',
    prepare: (page) => page.getByText('None fits these filters').waitFor(),
  },
  {
    name: 'predictions-loading',
    path: '/predictions',
    async prepare(page) {
      await answering(page, '/v1/predictions', null);
      await page.getByRole('status').waitFor();
    },
  },
  {
    name: 'prediction',
    path: ({ picture }) => `/p/${picture.id}`,
    prepare: (page) => page.getByText('running').waitFor(),
  },
  {
    name: 'prediction-failed',
    path: ({ failed }) => `/p/${failed.id}`,
    prepare: (page) => page.getByText('It failed').waitFor(),
  },
  {
    name: 'prediction-missing',
    complaint: /404/,
    path: '/p/nosuch',
    prepare: (page) => page.getByRole('alert').waitFor(),
  },
];

const WAITING: WirePrediction = {
  id: 'waits',
  model: 'hearth/ocr',
  version: '0'.repeat(64),
  input: {},
  output: null,
  logs: '',
  error: null,
  status: 'starting',
  source: 'web',
  data_removed: false,
  created_at: new Date().toISOString(),
  waiting: {
    reason: 'booting',
    detail: 'An instance is booting: pull.',
    phase: 'pull',
    since: new Date(Date.now() - 21_000).toISOString(),
    position: 0,
    progress: { elapsed_seconds: 21, usual_seconds: null, bytes: 250_000_000, total_bytes: 1_000_000_000, percent: 25 },
    eta_seconds: 75,
  },
  urls: {
    web: '/p/waits',
    get: '/v1/predictions/waits',
    cancel: '/v1/predictions/waits/cancel',
    stream: '/v1/streams/none',
  },
};
