import type { Need } from '@hearth/contract';
import type { House } from './harness.ts';

/** Every route below `/v1` that the API has a document of, and what each says that it needs. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'QUERY';
  /** `/v1/models/{owner}/{name}` */
  readonly path: string;
  readonly needs: Need;
}

export async function routesOf(house: House): Promise<Route[]> {
  const { body } = await house.ask<{ paths: Record<string, Record<string, { 'x-needs': Need }>> }>(
    'GET',
    '/openapi.json',
  );
  return Object.entries(body.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(() => path.startsWith('/v1/'))
      .map(([method, { 'x-needs': needs }]) => ({ method: method.toUpperCase() as Route['method'], path, needs })),
  );
}

/** A path with its parameters filled in. */
export const filled = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => values[name] ?? `no-${name}`);
