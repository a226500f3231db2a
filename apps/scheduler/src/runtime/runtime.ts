import type { BootPhase, FailureKind, PullProgress, RuntimeKind } from '@hearth/core';
import type { DeploymentRow, VersionSource } from '@hearth/store';

/** `inspection`: started once to be asked for its schema, never given a prediction. */
export type Role = 'instance' | 'inspection';

export interface BootSpec {
  /** Of the instance, or of the import it is inspected for. Names the container and its folder. */
  readonly instanceId: string;
  readonly deploymentId: string | null;
  readonly role: Role;
  /** `train`: the server runs the version's trainings instead of predictions. */
  readonly mode: DeploymentRow['mode'];
  readonly source: VersionSource;
  /** What the platform adds to the server's environment; `PORT` is the runtime's. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the server uploads output files; null for an inspection. */
  readonly uploadUrl: string | null;
  /** Enforced: the instance is killed beyond it. */
  readonly memoryMiB: number;
  /** CPU cores at most; 0 is no limit. */
  readonly cpus: number;
  /** GPU ids (UUIDs); the instance sees these and no others. */
  readonly deviceIds: readonly string[];
}

export interface ImageFacts {
  /** `sha256:…` of the image's configuration, unique on its engine. */
  readonly id: string;
  /** As it lies on the engine, layers that it shares with others included. */
  readonly sizeBytes: number;
  /** `name@sha256:…`, one for each registry that it came from or went to; empty for an image that was only built here. */
  readonly repoDigests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/** How an instance ended. */
export interface Exit {
  readonly instanceId: string;
  readonly role: Role;
  /** Null where nobody saw it end, or a signal ended it. */
  readonly exitCode: number | null;
  /** `SIGKILL`, `SIGSEGV`, …; null where it ended by itself or nobody saw it end. */
  readonly signal: string | null;
  /** It was ended for using more memory than it may. */
  readonly outOfMemory: boolean;
}

/** An instance of this installation as the runtime sees it. */
export interface Found {
  readonly instanceId: string;
  readonly role: Role;
  /** `http://host:port`; null where it never started. */
  readonly address: string | null;
  /** Null while it runs. */
  readonly exit: Exit | null;
}

export interface Capacity {
  /** Whether it can run anything now. */
  readonly available: boolean;
  /** Why nothing new is to run there, although it answers; null: it may. */
  readonly refusal: string | null;
  /** What answered, or why nothing did; one sentence for the operator. */
  readonly note: string;
  /** Memory for all its instances together. */
  readonly memoryMiB: number;
  /** The host part of the addresses at which its instances reach the platform. */
  readonly callbackHost: string;
  /** Of the Docker Engine; null where there is none. */
  readonly engineVersion: string | null;
}

export interface RuntimeListener {
  exited(exit: Exit): void;
  /** Exits may have been missed (the connection to the engine was lost and is back): look at `list`. */
  gap(): void;
}

export interface StopRequest {
  /** Where its server listens, to be asked to end by itself first. */
  readonly address: string | null;
  /** From the polite signal to SIGKILL. */
  readonly graceMs: number;
}

/**
 * Runs model servers. Instances outlive the process that started them, and are found again by the label of their
 * installation. Every method that can fail for a reason of the boot's throws {@link BootFailure}.
 */
export interface Runtime {
  readonly kind: RuntimeKind;
  /** Resolves when it answers. @throws what keeps it from it; may wait until `signal` aborts */
  ping(signal: AbortSignal): Promise<void>;
  /** Breaks off every call in progress: each then ends with an error. The next call tries anew. */
  cut(): void;
  /** Never throws: an engine that does not answer is an answer. */
  capacity(): Promise<Capacity>;
  /** All images on the host, by digest (`name@sha256:…`) and by id (`sha256:…`). @throws where it does not answer */
  images(): Promise<string[]>;
  /**
   * Null where the image is not on the host.
   * @throws BootFailure `lost` when the engine does not answer
   */
  inspectImage(image: string): Promise<ImageFacts | null>;
  /**
   * The digest (`sha256:…`) that a tag names in its registry now; null where no registry has it or none answers.
   * @throws BootFailure where the credentials for that registry cannot be read
   */
  registryDigest(image: string): Promise<string | null>;
  /**
   * `onProgress` is called whenever a layer moves on, be it downloaded or unpacked.
   * @throws BootFailure `image_missing`, `no_space`, `lost`; `timeout` is the caller's, through `signal`
   */
  pull(image: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void>;
  /** An image as a tar that {@link load} of another takes in. @throws BootFailure `lost` */
  save(image: string): Promise<NodeJS.ReadableStream>;
  /**
   * Takes in an image that goes by `image` here from then on, as it does where it comes from. `moved`: it is further, also
   * after the last byte was sent.
   * @throws BootFailure `no_space`, `lost`; what broke the tar off; the signal's reason
   */
  load(image: string, tar: NodeJS.ReadableStream, moved: () => void, signal: AbortSignal): Promise<void>;
  /**
   * Removes an image that was pulled. False where it must stay: a container is made of it, or it was given another name.
   * One that is gone is an answer.
   */
  removeImage(image: string): Promise<boolean>;
  /** Bytes that are free where images are kept; null where nothing can say, or there are no images. */
  freeDisk(): Promise<number | null>;
  /**
   * Creates and starts; answers as soon as it runs, long before its server listens. Removes what it made when it fails.
   * @throws BootFailure `image_missing` (pull it and call again), `no_space`, `gpu_lost`, `setup_error`, `lost`
   */
  boot(spec: BootSpec, onPhase: (phase: BootPhase) => void, signal: AbortSignal): Promise<{ address: string }>;
  /** Ends an instance if it still runs and removes all of it. Idempotent: one that is gone is an answer. */
  stop(instanceId: string, request: StopRequest): Promise<void>;
  /** All of this installation, running or not; also begins to watch those that an earlier scheduler started. */
  list(): Promise<Found[]>;
  /** The last lines that it printed, stdout and stderr as they came; empty when it is gone. */
  logs(instanceId: string, lines: number): Promise<string>;
  /** Changes whenever the instance has printed something; says nothing else. */
  logMark(instanceId: string): Promise<string>;
  /** Ends of instances, until the answered function is called. */
  events(listener: RuntimeListener): () => void;
  /** Null when it is gone. */
  stats(instanceId: string): Promise<{ memoryBytes: number } | null>;
  /** Ends watching; instances stay. */
  close(): Promise<void>;
}

/** An instance did not come up, in words for the caller who waits for it. */
export class BootFailure extends Error {
  override readonly name = 'BootFailure';
  readonly kind: FailureKind;
  readonly logTail: string;
  readonly exitCode: number | null;
  constructor(
    kind: FailureKind,
    message: string,
    details: { logTail?: string; exitCode?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.logTail = details.logTail ?? '';
    this.exitCode = details.exitCode ?? null;
  }
}

/** Lines of log that go with a failure. */
export const LOG_TAIL_LINES = 60;
const LOG_TAIL_CHARS = 8_192;

/** The end of a log, short enough to be stored with a failure and shown in an error. */
export function logTailOf(text: string, lines = LOG_TAIL_LINES): string {
  // Postgres keeps no NUL in a text.
  const tail = text.replaceAll('\0', '').trimEnd().split('\n').slice(-lines).join('\n');
  return tail.length <= LOG_TAIL_CHARS ? tail : `…${tail.slice(-LOG_TAIL_CHARS)}`;
}
