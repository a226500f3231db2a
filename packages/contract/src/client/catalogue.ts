import type { CollectionBody, WireCollection, WireCollectionItem } from '../north/collection.ts';
import type { ExampleBody, ModelBody, ModelPatch, VersionBody, WireModel, WireVersion } from '../north/model.ts';
import type { WirePrediction } from '../north/prediction.ts';
import type { WireSearch } from '../north/search.ts';
import type { Http } from './http.ts';
import { part } from './path.ts';

const model = (owner: string, name: string): string => `/models/${part(owner)}/${part(name)}`;

/** The part of the client that is about models and what is known of them. */
export function createCatalogue(http: Http) {
  const { get, post } = http;
  return {
    models: {
      list: () => http.every<WireModel>('/models'),
      get: (owner: string, name: string) => get<WireModel>(model(owner, name)),
      create: (body: ModelBody) => post<WireModel>('/models', body),
      update: (owner: string, name: string, body: ModelPatch) =>
        http.json<WireModel>('PATCH', model(owner, name), body),
      delete: (owner: string, name: string) => http.empty('DELETE', model(owner, name)),
      /** Plain text, as its owner wrote it. */
      readme: (owner: string, name: string) => http.text(`${model(owner, name)}/readme`),
      examples: (owner: string, name: string) => http.every<WirePrediction>(`${model(owner, name)}/examples`),
      addExample: (owner: string, name: string, body: ExampleBody) =>
        post<WirePrediction>(`${model(owner, name)}/examples`, body),
      removeExample: (owner: string, name: string, prediction: string) =>
        http.empty('DELETE', `${model(owner, name)}/examples/${part(prediction)}`),
    },
    versions: {
      list: (owner: string, name: string) => http.every<WireVersion>(`${model(owner, name)}/versions`),
      get: (owner: string, name: string, id: string) => get<WireVersion>(`${model(owner, name)}/versions/${part(id)}`),
      /** Answers once the image or folder was looked at, which may take minutes. */
      add: (owner: string, name: string, body: VersionBody) =>
        post<WireVersion>(`${model(owner, name)}/versions`, body),
      delete: (owner: string, name: string, id: string) =>
        http.empty('DELETE', `${model(owner, name)}/versions/${part(id)}`),
    },
    collections: {
      list: () => http.every<WireCollectionItem>('/collections'),
      get: (slug: string) => get<WireCollection>(`/collections/${part(slug)}`),
      /** Makes it, or replaces it. */
      put: (slug: string, body: CollectionBody) => http.json<WireCollection>('PUT', `/collections/${part(slug)}`, body),
      delete: (slug: string) => http.empty('DELETE', `/collections/${part(slug)}`),
    },
    search: (query: string, limit = 20) =>
      get<WireSearch>(`/search?${new URLSearchParams({ query, limit: String(limit) }).toString()}`),
  };
}
