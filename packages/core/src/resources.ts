/** How a version's server is run: as a container of a Docker Engine, or as a child process of the host. */
export type RuntimeKind = 'docker' | 'process';

/** A SKU that the operator defines: what one instance gets, and what a second of running on it costs. */
export interface Hardware {
  readonly sku: string;
  readonly name: string;
  /** Whole GPUs that one instance holds; 0 for CPU models. */
  readonly gpus: number;
  /** Memory each of those GPUs must have, in MiB. */
  readonly vramMiB: number;
  /** CPU cores an instance may use at most; 0 is no limit. CPU is a share, not a fence: it never blocks a placement. */
  readonly cpus: number;
  /** Host memory reserved for, and enforced on, one instance. */
  readonly memoryMiB: number;
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
  readonly memoryMiB: number;
  readonly devices: readonly Device[];
}

/** What one instance needs, whoever asks. */
export interface Need {
  readonly runtime: RuntimeKind;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly vramMiB: number;
}

/** Where an instance sits: a host, and which of its GPUs it holds whole. */
export interface Placement {
  readonly hostId: string;
  readonly deviceIds: readonly string[];
}
