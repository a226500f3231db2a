/** The parts as they come; where none does for `everyMs`, `pulse` in between, so that nobody takes silence for the end. */
export async function* pulsed<Part>(
  parts: AsyncIterable<Part>,
  everyMs: number,
  pulse: () => Part,
): AsyncGenerator<Part> {
  const iterator = parts[Symbol.asyncIterator]();
  try {
    for (let next = iterator.next(); ; ) {
      const { promise: silence, resolve } = Promise.withResolvers<'silence'>();
      const timer = setTimeout(() => resolve('silence'), everyMs);
      const came = await Promise.race([next, silence]).finally(() => clearTimeout(timer));
      if (came === 'silence') {
        yield pulse();
        continue;
      }
      if (came.done) return;
      yield came.value;
      next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}
