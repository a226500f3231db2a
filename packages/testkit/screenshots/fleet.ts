import type { WireDeployment, WireHost, WireModel } from '@hearth/contract';
import type { Page } from 'playwright-core';
import type { House } from '../src/house.ts';

type Send = <T>(path: string, body: unknown, method?: string) => Promise<T>;

/** Says that this machine has GPUs, and puts deployments on them: warm, rolling on, without room. */
export async function furnishFleet(house: House, send: Send): Promise<void> {
  const [host] = await house.get<WireHost[]>('/v1/hosts');
  if (host === undefined) throw new Error('there is no host');
  const gpu = (id: string) => ({ id, name: 'NVIDIA A100-SXM4-40GB', vram_mib: 40_960 });
  await send(`/v1/hosts/${host.id}`, { devices: [gpu('0'), gpu('1')] }, 'PATCH');
  const price = { memory_mib: 512, price_micros_per_second: 1_400 };
  await send('/v1/hardware', {
    sku: 'a100-quarter',
    name: 'A quarter of an A100',
    gpus: 0,
    gpu_share_mib: 10_240,
    ...price,
  });
  await send('/v1/hardware', { sku: 'a100', name: 'One A100', gpus: 1, vram_mib: 40_960, ...price });
  const scale = { min_instances: 0, max_instances: 4, keep_alive: 'until-needed' };
  const deploy = async (name: string, model: string, hardware: string, over: object = {}) => {
    const { latest_version } = await house.get<WireModel>(`/v1/models/${model}`);
    const body = { name, model, version: latest_version?.id, hardware, ...scale, ...over };
    return send<WireDeployment>('/v1/deployments', body);
  };
  await deploy('storyteller', 'hearth/stream', 'a100-quarter', { min_instances: 2 });
  await send('/v1/deployments/hearth/storyteller', { max_instances: 5 }, 'PATCH');
  await deploy('reader', 'hearth/ocr', 'a100', { min_instances: 1 });
  await deploy('painter', 'hearth/stream', 'a100', { min_instances: 1 });
  await deploy('nightly', 'hearth/stream', 'cpu');
  for (const text of ['once', 'upon a time', 'there was a fire that', 'told stories to whoever sat with it'])
    await send('/v1/deployments/hearth/storyteller/predictions', { input: { text } });
}

/** Answers what this page asks for below a path by `status` and `body`, and loads it anew. Null: it never answers. */
export async function answering(page: Page, path: string, answer: { status: number; body: unknown } | null) {
  await page.route(
    (url) => url.pathname.startsWith(path),
    (route) => (answer === null ? undefined : route.fulfill({ status: answer.status, json: answer.body })),
  );
  await page.reload();
}
