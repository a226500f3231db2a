import { setTimeout } from 'node:timers/promises';
import type { PullProgress } from '@hearth/core';
import type Docker from 'dockerode';
import { statusOf } from '../errors.ts';
import { copiedImage, copyName } from './copy-name.ts';
import { bootFailureOf, isNotFound, pullFailureOf } from './docker-errors.ts';
import { type PullEvent, PullLayers } from './pull-layers.ts';
import { registryAuth } from './registry-auth.ts';
import { BootFailure, type ImageFacts } from './runtime.ts';

/** A registry that takes longer counts as away: the image that is here is used. */
const REGISTRY_ANSWER_MS = 10_000;

/** The images of a Docker Engine. */
export class EngineImages {
  readonly #docker: Docker;

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** By digest (`name@sha256:…`) and by id (`sha256:…`). */
  async all(): Promise<string[]> {
    const images = await this.#docker.listImages();
    return images.flatMap(({ Id, RepoDigests, RepoTags }) => {
      const copies = (RepoTags ?? []).flatMap((name) => copiedImage(name) ?? []);
      return [...new Set([Id, ...(RepoDigests ?? []), ...copies])];
    });
  }

  async inspect(image: string): Promise<ImageFacts | null> {
    const copy = copyName(image);
    return (await this.#inspect(image)) ?? (copy === null ? null : this.#inspect(`${copy.repo}:${copy.tag}`));
  }

  async #inspect(name: string): Promise<ImageFacts | null> {
    try {
      const { Id, RepoDigests, Config, Size } = await this.#docker.getImage(name).inspect();
      return {
        id: Id,
        sizeBytes: Size,
        repoDigests: RepoDigests ?? [],
        labels: Config.Labels ?? {},
        env: Object.fromEntries((Config.Env ?? []).map(nameAndValue)),
        entrypoint: [Config.Entrypoint ?? []].flat(),
        cmd: Config.Cmd ?? [],
      };
    } catch (error) {
      if (isNotFound(error)) return null;
      throw bootFailureOf(error, `looking at ${name}`);
    }
  }

  async registryDigest(image: string): Promise<string | null> {
    const authconfig = await registryAuth(image);
    const asked = this.#docker.getImage(image).distribution({ ...(authconfig !== null && { authconfig }) });
    try {
      const answer = await Promise.race([asked, setTimeout(REGISTRY_ANSWER_MS, null, { ref: false })]);
      return answer?.Descriptor.digest ?? null;
    } catch {
      // No such tag, no such registry, no way there, or not for these credentials: the engine does not tell them apart.
      return null;
    }
  }

  async pull(image: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    if (image.startsWith('sha256:')) {
      const message = `The image ${image} was built on one of the hosts, is in no registry, and is nowhere any more.`;
      throw new BootFailure('image_missing', message);
    }
    const layers = new PullLayers();
    const note = (event: PullEvent): void => {
      if (layers.note(event)) onProgress(layers.progress());
    };
    try {
      const auth = await registryAuth(image);
      // As a parameter of its own: among the options it would stand in the engine's URL.
      const stream = await this.#docker.createImage(auth, { fromImage: tagged(image), abortSignal: signal });
      await this.#follow(stream, note);
    } catch (error) {
      signal.throwIfAborted();
      throw pullFailureOf(error, image);
    }
  }

  async save(image: string): Promise<NodeJS.ReadableStream> {
    const facts = await this.inspect(image);
    try {
      return await this.#docker.getImage(facts?.id ?? image).get();
    } catch (error) {
      throw bootFailureOf(error, `reading ${image}`);
    }
  }

  async load(image: string, tar: NodeJS.ReadableStream, moved: () => void, signal: AbortSignal): Promise<void> {
    const copy = copyName(image);
    if (copy === null) throw new Error(`${image} is not pinned, so a copy of it cannot be told from another image`);
    try {
      const said = await this.#follow(await this.#docker.loadImage(tar, { abortSignal: signal }), moved);
      const loaded = LOADED.exec(said)?.[1];
      if (loaded === undefined) throw new Error(`the engine took in ${image}, and did not say as what: ${said}`);
      await this.#docker.getImage(loaded).tag({ ...copy });
    } catch (error) {
      signal.throwIfAborted();
      throw bootFailureOf(error, `taking in ${image}`);
    }
  }

  /** All that an engine prints of a longer work. @throws Error with what went wrong in it */
  async #follow(stream: NodeJS.ReadableStream, note: (event: PullEvent) => void): Promise<string> {
    const events = await new Promise<{ error?: string; stream?: string }[]>((resolve, reject) => {
      this.#docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all)), note);
    });
    const failed = events.find((event) => event.error !== undefined);
    if (failed?.error !== undefined) throw new Error(failed.error);
    return events.map((event) => event.stream ?? '').join('');
  }

  /**
   * By its id and never by force: a digest alone would only take the name away and leave the bytes, and the engine refuses
   * where a container is made of it or it has names in several repositories.
   */
  async remove(image: string): Promise<boolean> {
    const facts = await this.inspect(image);
    if (facts === null) return true;
    try {
      await this.#docker.getImage(facts.id).remove();
      return true;
    } catch (error) {
      if (isNotFound(error)) return true;
      if (statusOf(error) === 409) return false;
      throw error;
    }
  }
}

/** By its name where the tar has one, else by its id. */
const LOADED = /^Loaded image(?: ID)?: (\S+)/m;

/** An engine that is given no tag pulls every tag there is. */
const tagged = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);

function nameAndValue(variable: string): [string, string] {
  const at = variable.indexOf('=');
  return at === -1 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)];
}
