import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';

/** A name server of the test's own, asked over UDP as any other. */
export interface NameServer {
  /** All addresses of a name, by the resolver that a guard takes. */
  readonly resolve: (name: string) => Promise<{ address: string; family: number }[]>;
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** `answer`: the IPv4 addresses of a name, at the n-th time that it is asked for, from 0. */
export async function startNameServer(answer: (name: string, nth: number) => readonly string[]): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const name = nameIn(query);
    const nth = asked.filter((other) => other === name).length;
    asked.push(name);
    socket.send(reply(query, answer(name, nth)), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    asked,
    resolve: async (name) => (await resolver.resolve4(name)).map((address) => ({ address, family: 4 })),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

const HEADER_BYTES = 12;

/** RFC 1035 §4.1.2: labels, each after its length, up to an empty one. */
function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; query.readUInt8(at) > 0; at += query.readUInt8(at) + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + query.readUInt8(at)));
  return labels.join('.');
}

/** RFC 1035 §4.1.3: the question again, and an A record of it for each address, to be kept for no time at all. */
function reply(query: Buffer, addresses: readonly string[]): Buffer {
  const questionEnd = query.indexOf(0, HEADER_BYTES) + 5;
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), ...records]);
}
