/** Working ahead of whoever takes the results, without changing what they see or in which order. */

/**
 * The results of `work` on what `source` yields, in its order. Up to `depth` (≥ 1) of them are under way or done and not yet
 * taken; the source itself is asked for one item after another. An error of source or work is thrown in the place of its
 * result, after every result before it. Whoever stops early waits until everything begun has ended; its errors are nobody's.
 */
export async function* ahead<Item, Result>(
  source: AsyncGenerator<Item>,
  depth: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<IteratorResult<Result, undefined>>[] = [];
  const begin = (): void => {
    const next = source.next().then(async ({ done, value }): Promise<IteratorResult<Result, undefined>> => {
      return done ? { done: true, value: undefined } : { done: false, value: await work(value) };
    });
    // Looked at when its turn comes, which may be never.
    next.catch(() => undefined);
    begun.push(next);
  };
  try {
    while (begun.length < depth) begin();
    for (;;) {
      const next = await begun.shift();
      if (!next || next.done) return;
      begin();
      yield next.value;
    }
  } finally {
    await Promise.allSettled(begun);
    await source.return(undefined);
  }
}
