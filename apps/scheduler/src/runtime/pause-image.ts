import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';

/** What a program that sleeps for ever is on each machine that Docker names so: in C, `for (;;) pause();`. */
const MACHINES: Readonly<Record<string, { readonly elf: number; readonly code: readonly number[] }>> = {
  x86_64: {
    elf: 62,
    // push 34 (pause); pop rax; syscall; jmp to the beginning
    code: [0x6a, 0x22, 0x58, 0x0f, 0x05, 0xeb, 0xf9],
  },
  aarch64: {
    elf: 183,
    // mov x0…x3, 0; mov x8, 73 (ppoll); svc 0; b to the beginning. Words of 4 bytes, the lowest first.
    code: [0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928, 0xd4000001, 0x17fffffa].flatMap((word) => [
      word & 0xff,
      (word >>> 8) & 0xff,
      (word >>> 16) & 0xff,
      word >>> 24,
    ]),
  },
};

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const LOADED_AT = 0x400000n;
/** The largest page of any of these machines. */
const PAGE = 0x10000n;

/**
 * A static executable of some 130 bytes that does nothing until it is killed; null for a machine that it is not written
 * for. Source: elf(5).
 */
export function pauseProgram(machine: string): Buffer | null {
  const made = MACHINES[machine];
  if (made === undefined) return null;
  const entry = ELF_HEADER + PROGRAM_HEADER;
  const size = BigInt(entry + made.code.length);
  const bytes = Buffer.alloc(Number(size));
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // "\x7fELF", 64 bits, the lowest byte first, version 1
  bytes.writeUInt16LE(2, 16); // an executable
  bytes.writeUInt16LE(made.elf, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(LOADED_AT + BigInt(entry), 24);
  bytes.writeBigUInt64LE(BigInt(ELF_HEADER), 32); // where the program header is
  bytes.writeUInt16LE(ELF_HEADER, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER, 54);
  bytes.writeUInt16LE(1, 56); // one segment: all of the file, to be read and executed
  bytes.writeUInt32LE(1, ELF_HEADER);
  bytes.writeUInt32LE(5, ELF_HEADER + 4);
  bytes.writeBigUInt64LE(LOADED_AT, ELF_HEADER + 16);
  bytes.writeBigUInt64LE(LOADED_AT, ELF_HEADER + 24);
  bytes.writeBigUInt64LE(size, ELF_HEADER + 32);
  bytes.writeBigUInt64LE(size, ELF_HEADER + 40);
  bytes.writeBigUInt64LE(PAGE, ELF_HEADER + 48);
  bytes.set(made.code, entry);
  return bytes;
}

/** Counted up when the program changes. */
export const PAUSE_IMAGE = 'hearth/pause:1';
const PAUSE_PATH = '/pause';

const EngineMachine = z.object({ Architecture: z.string() });

/**
 * Puts {@link PAUSE_IMAGE} on an engine: made here, so that no registry has to be reached.
 * @throws Error where the program is not written for the engine's machine, or the engine refuses
 */
export async function makePauseImage(docker: Docker): Promise<void> {
  const { Architecture } = EngineMachine.parse(await docker.info());
  const program = pauseProgram(Architecture);
  if (program === null) throw new Error(`no pause program is written for ${Architecture}`);
  const [repo, tag] = PAUSE_IMAGE.split(':');
  const archive = Readable.from([tarOf(PAUSE_PATH.slice(1), program)]);
  const stream = await docker.importImage(archive, { repo, tag, changes: `CMD ["${PAUSE_PATH}"]` });
  const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all)));
  });
  const failed = events.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) throw new Error(failed.error);
}

const BLOCK = 512;

/** An archive of one executable file. Source: POSIX.1 pax, "ustar Interchange Format". */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  };
  header.write(name, 0);
  octal(0o755, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148); // the checksum counts as spaces in itself
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)]);
}
