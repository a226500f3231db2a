/** How a version's server is run: as a container of a Docker Engine, or as a child process of the host. */
export type RuntimeKind = 'docker' | 'process';

/** A SKU that the operator defines: what one instance gets, and what a second of running on it costs. */
export interface Hardware {
  readonly sku: string;
  readonly name: string;
  /** Whole GPUs that one instance holds; 0 for CPU models, and for those that hold a share of one. */
  readonly gpus: number;
  /** Memory of one GPU that an instance holds, beside others on the same GPU; 0: none, or whole GPUs. */
  readonly gpuShareMiB: number;
  /** Memory that each of its GPUs must have, in MiB. */
  readonly vramMiB: number;
  /** Words that the name of its GPUs must hold, such as `A100`; null: any GPU. See {@link isOfType}. */
  readonly gpuType: string | null;
  /** CPU cores an instance may use at most; 0 is no limit. They are promised only by hosts that say how many they have. */
  readonly cpus: number;
  /** Host memory reserved for, and enforced on, one instance. */
  readonly memoryMiB: number;
  /** Labels that its hosts must have, with these values. */
  readonly labels: Readonly<Record<string, string>>;
  /** SKUs to take instead where this one has no room now, in order of preference. Theirs are not followed further. */
  readonly fallback: readonly string[];
  /** Price of a second of run time, in millionths of the operator's currency. */
  readonly priceMicrosPerSecond: number;
}

/** One GPU of a host. */
export interface Device {
  readonly id: string;
  readonly name: string;
  readonly vramMiB: number;
}

/** A machine that runs instances. */
export interface Host {
  readonly id: string;
  readonly runtimes: readonly RuntimeKind[];
  /** A cordoned host keeps what it runs and gets nothing new. */
  readonly cordoned: boolean;
  /** What it runs leaves it, and nothing new comes. */
  readonly draining: boolean;
  /** It does not answer, so what it ran is gone; it gets nothing until it answers again. */
  readonly lost: boolean;
  /** The operator's own words about it, such as `zone: a`. */
  readonly labels: Readonly<Record<string, string>>;
  /** The images that are on it: by digest (`name@sha256:…`) and by id (`sha256:…`). */
  readonly images: readonly string[];
  readonly memoryMiB: number;
  /** Cores, each promised once; null: instances share what there is, and no placement asks. */
  readonly cpus: number | null;
  readonly devices: readonly Device[];
}

/** What one instance needs, whoever asks. Whole GPUs and a share of one exclude each other. */
export interface Need {
  readonly runtime: RuntimeKind;
  readonly memoryMiB: number;
  /** Cores; counts only on hosts that promise theirs. */
  readonly cpus: number;
  /** Whole GPUs. */
  readonly gpus: number;
  /** Memory of one GPU; 0: none. */
  readonly gpuShareMiB: number;
  /** Memory that each GPU must have, taken or not. */
  readonly vramMiB: number;
  readonly gpuType: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** The image it runs from, as `Host.images` names it; null: none, or not known. A host that has it saves the pull. */
  readonly image: string | null;
}

/** Where an instance sits: a host, and which of its GPUs it holds. */
export interface Placement {
  readonly hostId: string;
  readonly deviceIds: readonly string[];
  /** Memory that it holds of its one GPU; 0: it holds its GPUs whole. */
  readonly gpuShareMiB: number;
}
