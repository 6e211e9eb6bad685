/** Limits on what is asked of others at the same time. */

/** `work`, of which at most `most` (≥ 1) calls are under way; further ones wait, and begin in the order they were made. */
export function atOnce<Given, Value>(
  most: number,
  work: (given: Given) => Promise<Value>,
): (given: Given) => Promise<Value> {
  const waiting: (() => void)[] = [];
  let under = 0;
  return async (given) => {
    if (under < most) under += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work(given);
    } finally {
      const next = waiting.shift();
      // The place is handed on, or given back.
      if (next) next();
      else under -= 1;
    }
  };
}
