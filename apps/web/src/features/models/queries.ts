import { ApiError, type WireModel } from '@hearth/contract';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../api/client.ts';

export const modelsQuery = queryOptions({ queryKey: ['models'], queryFn: () => api.models.list() });

export const searchQuery = (text: string) =>
  queryOptions({
    queryKey: ['models', 'search', text],
    queryFn: async (): Promise<WireModel[]> => (await api.search(text, 50)).models.map(({ model }) => model),
    enabled: text !== '',
    // While the next letters are typed, what was found is better than nothing.
    placeholderData: (found: WireModel[] | undefined) => found,
  });

export const modelQuery = (owner: string, name: string) =>
  queryOptions({ queryKey: ['model', owner, name], queryFn: () => api.models.get(owner, name) });

/** Null: its owner wrote none. */
export const readmeQuery = (owner: string, name: string) =>
  queryOptions({
    queryKey: ['model', owner, name, 'readme'],
    queryFn: async (): Promise<string | null> => {
      try {
        return await api.models.readme(owner, name);
      } catch (failure) {
        if (failure instanceof ApiError && failure.status === 404) return null;
        throw failure;
      }
    },
  });

export const versionsQuery = (owner: string, name: string) =>
  queryOptions({ queryKey: ['model', owner, name, 'versions'], queryFn: () => api.versions.list(owner, name) });

export const versionQuery = (owner: string, name: string, id: string) =>
  queryOptions({
    queryKey: ['model', owner, name, 'version', id],
    queryFn: () => api.versions.get(owner, name, id),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const examplesQuery = (owner: string, name: string) =>
  queryOptions({ queryKey: ['model', owner, name, 'examples'], queryFn: () => api.models.examples(owner, name) });

export const hardwareQuery = queryOptions({ queryKey: ['hardware'], queryFn: () => api.hardware.list() });
