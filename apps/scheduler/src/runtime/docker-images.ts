import { setTimeout } from 'node:timers/promises';
import type { PullProgress } from '@hearth/core';
import type Docker from 'dockerode';
import { statusOf } from '../errors.ts';
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
    return images.flatMap(({ Id, RepoDigests }) => [Id, ...(RepoDigests ?? [])]);
  }

  async inspect(image: string): Promise<ImageFacts | null> {
    try {
      const { Id, RepoDigests, Config, Size } = await this.#docker.getImage(image).inspect();
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
      throw bootFailureOf(error, `looking at ${image}`);
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
      throw new BootFailure('image_missing', `The image ${image} was built on this host and is no longer there.`);
    }
    const layers = new PullLayers();
    const note = (event: PullEvent): void => {
      if (layers.note(event)) onProgress(layers.progress());
    };
    try {
      const auth = await registryAuth(image);
      // As a parameter of its own: among the options it would stand in the engine's URL.
      const stream = await this.#docker.createImage(auth, { fromImage: tagged(image), abortSignal: signal });
      const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
        this.#docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all)), note);
      });
      const failed = events.find((event) => event.error !== undefined);
      if (failed?.error !== undefined) throw new Error(failed.error);
    } catch (error) {
      signal.throwIfAborted();
      throw pullFailureOf(error, image);
    }
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

/** An engine that is given no tag pulls every tag there is. */
const tagged = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);

function nameAndValue(variable: string): [string, string] {
  const at = variable.indexOf('=');
  return at === -1 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)];
}
