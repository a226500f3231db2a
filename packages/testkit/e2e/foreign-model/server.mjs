// A model server written from the protocol's description alone, sharing no code with Hearth: what a stranger would bring.
import { createServer } from 'node:http';

const openapi = {
  openapi: '3.0.2',
  info: { title: 'Foreign', version: '0.1.0' },
  paths: {},
  components: {
    schemas: {
      Input: {
        type: 'object',
        required: ['words'],
        properties: {
          words: { type: 'string', 'x-order': 0 },
          pause_seconds: { type: 'number', default: 0, minimum: 0, maximum: 60, 'x-order': 1 },
          mode: { allOf: [{ $ref: '#/components/schemas/mode' }], default: 'ok', 'x-order': 2 },
        },
      },
      mode: { type: 'string', enum: ['ok', 'fail'], title: 'mode' },
      Output: {
        type: 'array',
        items: { type: 'string' },
        'x-cog-array-type': 'iterator',
        'x-cog-array-display': 'concatenate',
      },
    },
  },
};
const running = new Map();

async function report(prediction, event) {
  const { webhook, filter, ...body } = prediction;
  if (!webhook || (filter && !filter.includes(event))) return;
  await fetch(webhook, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch((error) => console.error(`webhook: ${error.message}`));
}

async function predict(prediction, input) {
  prediction.logs += `predicting ${input.words}\n`;
  await report(prediction, 'start');
  for (const word of String(input.words).split(' ')) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, (input.pause_seconds ?? 0) * 1000);
      prediction.cancel = () => {
        clearTimeout(timer);
        prediction.canceled = true;
        resolve();
      };
    });
    if (prediction.canceled) break;
    prediction.output.push(`${word} `);
    await report(prediction, 'output');
  }
  prediction.completed_at = new Date().toISOString();
  prediction.status = prediction.canceled ? 'canceled' : input.mode === 'fail' ? 'failed' : 'succeeded';
  if (prediction.status === 'failed') prediction.error = 'asked to fail';
  running.delete(prediction.id);
  await report(prediction, 'completed');
}

const json = (response, status, body) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { pathname } = new URL(request.url, 'http://foreign');
  if (pathname === '/health-check')
    return json(response, 200, { status: running.size ? 'BUSY' : 'READY', setup: { status: 'succeeded', logs: '' } });
  if (pathname === '/openapi.json') return json(response, 200, openapi);
  if (pathname === '/shutdown') return (json(response, 200, {}), process.exit(0));
  const cancel = /^\/predictions\/([^/]+)\/cancel$/.exec(pathname);
  if (cancel) {
    const prediction = running.get(cancel[1]);
    prediction?.cancel?.();
    return json(response, prediction ? 200 : 404, {});
  }
  if (pathname !== '/predictions' || request.method !== 'POST') return json(response, 404, { detail: 'Not Found' });
  if (running.size) return json(response, 409, { detail: 'Already running a prediction' });
  const body = JSON.parse(Buffer.concat(chunks).toString());
  const prediction = {
    id: body.id,
    status: 'processing',
    output: [],
    logs: '',
    error: null,
    started_at: new Date().toISOString(),
    webhook: body.webhook,
    filter: body.webhook_events_filter,
  };
  running.set(body.id, prediction);
  json(response, 202, { id: body.id, status: 'processing' });
  await predict(prediction, body.input);
}).listen(Number(process.env.PORT), process.env.HOST ?? '0.0.0.0', () => console.log('foreign model listening'));
