import type { PullProgress } from '@hearth/core';

/** One line of the engine's account of a pull. */
export interface PullEvent {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

interface Layer {
  readonly step: string;
  readonly downloaded: number;
  readonly unpacked: number;
  /** Null until it has said so. */
  readonly total: number | null;
}

const NEW: Layer = { step: '', downloaded: 0, unpacked: 0, total: null };
/** What an engine says of a layer, in its order. Other lines (the tag, a retry, the digest) are not about how far it is. */
const STEPS = [
  'Pulling fs layer',
  'Waiting',
  'Downloading',
  'Verifying Checksum',
  'Download complete',
  'Extracting',
  'Pull complete',
  'Already exists',
];

/** The layers of one pull, from what the engine says of each. */
export class PullLayers {
  readonly #layers = new Map<string, Layer>();

  /** Whether a layer has moved on: more of it is here or unpacked, or it is a step further. */
  note({ id, status = '', progressDetail: { current = 0, total } = {} }: PullEvent): boolean {
    if (id === undefined || !STEPS.includes(status)) return false;
    const before = this.#layers.get(id) ?? NEW;
    const after = moved(before, status, current, total ?? null);
    this.#layers.set(id, after);
    return after.step !== before.step || after.downloaded > before.downloaded || after.unpacked > before.unpacked;
  }

  /** Bytes here, of the bytes of all layers. */
  progress(): PullProgress {
    const layers = [...this.#layers.values()];
    const bytes = layers.reduce((sum, { downloaded }) => sum + downloaded, 0);
    const totals = layers.map(({ total }) => total).filter((total) => total !== null);
    const allSaid = layers.length > 0 && totals.length === layers.length;
    return { bytes, totalBytes: allSaid ? totals.reduce((sum, total) => sum + total, 0) : null };
  }
}

function moved(layer: Layer, step: string, current: number, total: number | null): Layer {
  switch (step) {
    case 'Downloading':
      return { ...layer, step, downloaded: Math.max(layer.downloaded, current), total: total ?? layer.total };
    case 'Extracting':
      return { ...layer, step, unpacked: Math.max(layer.unpacked, current) };
    case 'Verifying Checksum':
    case 'Download complete':
    case 'Pull complete':
    case 'Already exists':
      // All here. One too small to be told of in bytes, or here before, counts as none.
      return { ...layer, step, downloaded: layer.total ?? layer.downloaded, total: layer.total ?? layer.downloaded };
    default:
      return { ...layer, step };
  }
}
