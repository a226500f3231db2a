import type { RuntimeKind } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { Bus } from '@hearth/queue';
import type { ImportResult, ImportRow, Store, VersionSource } from '@hearth/store';
import { request } from 'undici';
import { z } from 'zod';
import type { Clock } from './clock.ts';
import type { Exits } from './exits.ts';
import type { Fleet } from './hosts/fleet.ts';
import { hasImage } from './image-copy.ts';
import { ImportRefused, slotsInSchema, versionOfFolder } from './import-folder.ts';
import { isCurrent, mayHaveMoved, versionOfImage } from './import-image.ts';
import type { Pulls } from './pulls.ts';
import { type ReadHealth, throwIfSetupFailed } from './readiness.ts';
import { BootFailure, type BootSpec, type ImageFacts, type Runtime } from './runtime/runtime.ts';
import type { Runtimes } from './runtimes.ts';
import { awaitServer, launch } from './server-boot.ts';

export interface ImportDeps {
  readonly store: Store;
  readonly runtimes: Runtimes;
  readonly fleet: Fleet;
  readonly exits: Exits;
  readonly pulls: Pulls;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Logger;
  readonly setupTimeoutMs: number;
  readonly readSchema: ReadSchema;
  readonly readHealth: ReadHealth;
}

/** What a server says about itself; null where it does not answer yet. */
export type ReadSchema = (
  address: string,
  signal: AbortSignal,
) => Promise<{ openapiSchema: Record<string, unknown>; cogVersion: string | null } | null>;

/** Longer than any boot should take to answer two small requests. */
const ANSWER_TIMEOUT_MS = 5_000;

/** `GET /openapi.json`, and Cog's version from `GET /`. 503 is coglet's word for "no schema yet". */
export const readSchema: ReadSchema = async (address, signal) => {
  const openapiSchema = await getJson(`${address}/openapi.json`, signal);
  if (openapiSchema === null || openapiSchema.openapi === undefined) return null;
  const root = await getJson(`${address}/`, signal);
  return { openapiSchema, cogVersion: typeof root?.cog_version === 'string' ? root.cog_version : null };
};

const JsonObject = z.record(z.string(), z.unknown());

async function getJson(url: string, signal: AbortSignal): Promise<Record<string, unknown> | null> {
  try {
    const response = await request(url, { signal, headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS });
    if (response.statusCode === 200) return JsonObject.parse(await response.body.json());
    await response.body.dump();
    return null;
  } catch {
    // Refused, reset or not JSON: not ready yet. The deadline and the end of its process end the wait.
    return null;
  }
}

/** Where something is inspected. */
interface Room {
  readonly runtime: Runtime;
  readonly memoryMiB: number;
}

/** Looks at what the api wants to make versions of, and answers; each import once, side by side. */
export class Imports {
  readonly #deps: ImportDeps;
  readonly #running = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(deps: ImportDeps) {
    this.#deps = deps;
  }

  has(importId: string): boolean {
    return this.#running.has(importId);
  }

  /** Begins what is pending and not yet begun. */
  async look(): Promise<void> {
    for (const row of await this.#deps.store.imports.pending()) {
      if (this.#running.has(row.id) || this.#closing.signal.aborted) continue;
      const done = this.#answer(row)
        .catch((error: unknown) =>
          this.#deps.log.error({ err: error, importId: row.id }, 'import not answered; tried again'),
        )
        .finally(() => this.#running.delete(row.id));
      this.#running.set(row.id, done);
    }
  }

  /** Cuts off what runs; it is still pending, and the next scheduler begins it anew. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running.values());
  }

  async #answer(row: ImportRow): Promise<void> {
    const { store, log } = this.#deps;
    try {
      const result = await this.#resultOf(row);
      await store.imports.answer(row.id, { result });
      log.info({ importId: row.id, versionId: result.versionId }, 'import done');
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      if (!(error instanceof ImportRefused || error instanceof BootFailure)) throw error;
      const tail = error instanceof BootFailure && error.logTail !== '' ? `\n${error.logTail}` : '';
      await store.imports.answer(row.id, { error: error.message + tail });
      log.warn({ importId: row.id }, `import refused: ${error.message}`);
    }
    this.#deps.bus.poke('api');
  }

  async #resultOf(row: ImportRow): Promise<ImportResult> {
    const { source } = row;
    if (source.kind === 'path') {
      const [here] = this.#roomsFor('process');
      const { slots, ...version } = await versionOfFolder(source);
      const said = await this.#ask(row.id, here, version.source, slots);
      return {
        ...version,
        openapiSchema: said.openapiSchema,
        cogVersion: said.cogVersion ?? 'unknown',
        slots: slots ?? slotsInSchema(said.openapiSchema) ?? 1,
      };
    }
    const room = await this.#roomWith(source.image);
    const version = versionOfImage(source.image, await this.#factsOf(room.runtime, source.image));
    const { versionId, source: pinned, slots, cogVersion, openapiSchema } = version;
    if (openapiSchema !== null) {
      return {
        versionId,
        source: pinned,
        openapiSchema,
        cogVersion: cogVersion ?? 'unknown',
        slots: slots ?? slotsInSchema(openapiSchema) ?? 1,
      };
    }
    const said = await this.#ask(row.id, room, pinned, slots);
    return {
      versionId,
      source: pinned,
      openapiSchema: said.openapiSchema,
      cogVersion: cogVersion ?? said.cogVersion ?? 'unknown',
      slots: slots ?? slotsInSchema(said.openapiSchema) ?? 1,
    };
  }

  /** Where such a thing can be run, this machine first. @throws ImportRefused in words, where it is nowhere */
  #roomsFor(kind: RuntimeKind): [Room, ...Room[]] {
    const { fleet, runtimes } = this.#deps;
    const places = fleet.placesOf(kind);
    const [first, ...more] = places.map(({ place, memoryMiB }) => ({ runtime: runtimes.of(place), memoryMiB }));
    if (first === undefined) throw new ImportRefused(fleet.noteOf(kind));
    return [first, ...more];
  }

  /** A host that has the image already: what was only built there is nowhere else. Else any. */
  async #roomWith(image: string): Promise<Room> {
    const rooms = this.#roomsFor('docker');
    const having = await Promise.all(rooms.map(async ({ runtime }) => hasImage(runtime, image)));
    return rooms.find((_room, at) => having[at]) ?? rooms[0];
  }

  async #factsOf(docker: Runtime, image: string): Promise<ImageFacts> {
    const here = await docker.inspectImage(image);
    if (here !== null && (!mayHaveMoved(image, here) || isCurrent(here, await docker.registryDigest(image))))
      return here;
    await this.#deps.pulls.pull(docker, image, this.#closing.signal);
    const pulled = await docker.inspectImage(image);
    if (pulled === null) throw new BootFailure('image_missing', `The image ${image} was pulled and is not there.`);
    return pulled;
  }

  /** Boots it once, asks for its schema, and removes it again. */
  async #ask(importId: string, { runtime, memoryMiB }: Room, source: VersionSource, slots: number | null) {
    const { clock, exits, pulls, setupTimeoutMs, readSchema: ask, readHealth } = this.#deps;
    const spec: BootSpec = {
      instanceId: importId,
      deploymentId: null,
      role: 'inspection',
      mode: 'predict',
      source,
      env: slots === null ? {} : { COG_MAX_CONCURRENCY: String(slots) },
      uploadUrl: null,
      // Nothing is known of it yet but that it fits the machine.
      memoryMiB,
      cpus: 0,
      deviceIds: [],
    };
    const expectation = exits.expect(importId);
    try {
      const signal = this.#closing.signal;
      const { address } = await launch({ runtime, spec, pulls, signal });
      return await awaitServer({
        runtime,
        clock,
        instanceId: importId,
        memoryMiB: spec.memoryMiB,
        startedAt: clock.now(),
        setupTimeoutMs,
        exited: expectation.exited,
        signal,
        probe: (signal) => inspected(address, { readSchema: ask, readHealth }, signal),
      });
    } finally {
      expectation.release();
      await runtime.stop(importId, { address: null, graceMs: 0 });
    }
  }
}

const NO_SCHEMA = 'Its server is ready and has no OpenAPI document at GET /openapi.json, so its inputs are not known.';

/**
 * What a booted server says of itself; null while it may still come.
 * @throws BootFailure where it never will (one that is ready, or whose setup failed, may stay up without a schema for
 * ever), or where nobody could tell when it is ready
 */
export async function inspected(
  address: string,
  { readSchema: ask, readHealth }: Pick<ImportDeps, 'readSchema' | 'readHealth'>,
  signal: AbortSignal,
): ReturnType<ReadSchema> {
  const said = await ask(address, signal);
  const health = await readHealth(address, signal);
  if (said !== null) return said;
  if (health === null || health.status === 'STARTING') return null;
  // Its server may have come up, and with it a schema, since it was asked: one whose setup fails at once has both.
  const saidNow = await ask(address, signal);
  if (saidNow !== null) return saidNow;
  throwIfSetupFailed(health);
  if (health.status === 'READY') throw new BootFailure('setup_error', NO_SCHEMA);
  return null;
}
