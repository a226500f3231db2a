/** Tries to connect, and says what came of it: `open`, or the system's word for why not. */
export const CONNECT = `
const tries = process.argv.slice(1).map((target) => new Promise((resolve) => {
  const at = target.lastIndexOf(':');
  const socket = require('net').connect({ host: target.slice(0, at), port: Number(target.slice(at + 1)) });
  const end = (word) => { socket.destroy(); resolve(word); };
  socket.setTimeout(3000, () => end('no answer'));
  socket.on('connect', () => end('open')).on('error', ({ code }) => end(code));
}));
Promise.all(tries).then((words) => console.log(JSON.stringify(words)));`;

/** A DNS answer with one address for whatever name is asked for, and none of IPv6. Source: RFC 1035, 4.1. */
export function answerTo(question: Buffer, address: string): Buffer {
  const isA = question.readUInt16BE(question.indexOf(0, 12) + 1) === 1;
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(isA ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const asked = question.subarray(12, question.indexOf(0, 12) + 5);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]);
  return Buffer.concat([header, asked, ...(isA ? [answer] : [])]);
}
