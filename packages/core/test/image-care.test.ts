import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FetchPolicy,
  type Host,
  type ImageHost,
  imagesToFetch,
  imagesToRemove,
  type WantedImage,
} from '../src/index.ts';
import { host, need } from './build.ts';

const GB = 1_000_000_000;
const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const POLICY: FetchPolicy = { copies: 2, recentMs: 24 * HOUR, floorBytes: 10 * GB };

const imageOf = (name: string) => `registry.example/${name}@sha256:${name}`;
const want = (name: string, over: Partial<WantedImage> = {}): WantedImage => ({
  image: imageOf(name),
  pushedAt: NOW - HOUR,
  lastUsedAt: null,
  minInstances: 0,
  needs: [need()],
  sizeBytes: null,
  ...over,
});
const on = (id: string, freeBytes: number | null, images: string[] = [], over = {}): ImageHost => ({
  host: host({ id, images: images.map(imageOf), ...over }),
  freeBytes,
});
const fetches = (wanted: WantedImage[], hosts: ImageHost[], over: Partial<FetchPolicy> = {}) =>
  imagesToFetch(wanted, hosts, { ...POLICY, ...over }, NOW).map(
    ({ hostId, image }) => `${image.split('sha256:')[1]} → ${hostId}`,
  );

describe('fetching ahead', () => {
  const three = [on('a', 100 * GB), on('b', 300 * GB), on('c', 200 * GB)];

  it('brings what was just pushed to the hosts with the most room', () => {
    expect(fetches([want('new')], three)).toEqual(['new → b', 'new → c']);
  });
  it('counts the copies that there are', () => {
    expect(fetches([want('new')], [...three, on('d', 50 * GB, ['new'])])).toEqual(['new → b']);
    expect(fetches([want('new')], [on('d', 50 * GB, ['new']), on('e', 50 * GB, ['new']), ...three])).toEqual([]);
  });
  it('brings what must always run to as many hosts as there are instances', () => {
    expect(fetches([want('steady', { minInstances: 3, pushedAt: 0 })], three)).toHaveLength(3);
  });
  it('leaves what nobody has wanted for long, and takes up again what is used', () => {
    const old = { pushedAt: NOW - 25 * HOUR };
    expect(fetches([want('old', old)], three)).toEqual([]);
    expect(fetches([want('old', { ...old, lastUsedAt: NOW - HOUR })], three)).toHaveLength(2);
  });
  it('brings what was only built on a host from there, and nothing that is nowhere', () => {
    const built = { ...want('built'), image: 'sha256:abc' };
    const builder = (over: Partial<Host>): ImageHost => ({
      host: host({ id: 'd', images: ['sha256:abc'], ...over }),
      freeBytes: 0,
    });
    expect(fetches([built], three)).toEqual([]);
    expect(fetches([built], [...three, builder({})])).toEqual(['abc → b']);
    expect(fetches([built], [...three, builder({ lost: true })])).toEqual([]);
  });
  it('brings nothing at all where the operator wants none', () => {
    expect(fetches([want('new', { minInstances: 1 })], three, { copies: 0 })).toEqual([]);
  });
  it('passes over hosts that could not run it even if they were empty', () => {
    const gpu = want('gpu', { needs: [need({ gpus: 1 })] });
    expect(fetches([gpu], three)).toEqual([]);
    const unfit = [on('cordoned', 900 * GB, [], { cordoned: true }), on('lost', 900 * GB, [], { lost: true })];
    expect(fetches([want('new')], [...unfit, on('small', 900 * GB, [], { memoryMiB: 100 })])).toEqual([]);
  });
  it('stops well above the floor, by what the image is known to take', () => {
    const big = want('big', { sizeBytes: 90 * GB });
    expect(fetches([big], three)).toEqual(['big → b', 'big → c']);
    expect(fetches([want('big', { sizeBytes: 190 * GB })], three)).toEqual(['big → b']);
    expect(fetches([want('new')], [on('full', 14 * GB)])).toEqual([]);
    expect(fetches([want('new')], [on('unknown', null)])).toEqual(['new → unknown']);
  });
  it('gives a disk that has room for one to what must always run', () => {
    const wanted = [
      want('newer', { pushedAt: NOW, sizeBytes: 80 * GB }),
      want('kept', { minInstances: 1, sizeBytes: 80 * GB }),
    ];
    expect(fetches(wanted, [on('a', 100 * GB)])).toEqual(['kept → a']);
  });
});

describe('removing', () => {
  const image = (name: string, sizeGB: number, lastUsedAt: number, needed = false) => ({
    image: name,
    sizeBytes: sizeGB * GB,
    lastUsedAt,
    needed,
  });
  it('removes nothing while enough is free', () => {
    expect(imagesToRemove([image('a', 5, 0)], 10 * GB, 10 * GB)).toEqual([]);
  });
  it('removes what was not used for the longest, no more than it takes', () => {
    const images = [image('newest', 5, 3), image('oldest', 5, 1), image('older', 5, 2)];
    expect(imagesToRemove(images, 4 * GB, 10 * GB)).toEqual(['oldest', 'older']);
    expect(imagesToRemove(images, 5 * GB, 10 * GB)).toEqual(['oldest']);
  });
  it('never removes what is needed, however full it is', () => {
    expect(imagesToRemove([image('runs', 50, 0, true), image('old', 1, 5)], 0, 10 * GB)).toEqual(['old']);
  });
});

it('what is removed to reach the floor is not fetched again at once, whatever the sizes', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 30 }), (sizesGB, freeGB) => {
      const fetched = sizesGB.map((size, n) => ({
        image: imageOf(String(n)),
        sizeBytes: size * GB,
        lastUsedAt: NOW - n,
        needed: false,
      }));
      const removed = imagesToRemove(fetched, freeGB * GB, POLICY.floorBytes);
      const freed = fetched
        .filter(({ image }) => removed.includes(image))
        .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const left = fetched.map(({ image }) => image).filter((image) => !removed.includes(image));
      const after = { host: host({ images: left }), freeBytes: freeGB * GB + freed };
      const last = removed.at(-1);
      const wanted = sizesGB.map((size, n) => want(String(n), { sizeBytes: size * GB, lastUsedAt: NOW }));
      const again = imagesToFetch(wanted, [after], { ...POLICY, copies: 1 }, NOW).map(({ image }) => image);
      expect(again).not.toContain(last);
    }),
  );
});
