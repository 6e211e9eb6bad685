/** Waiting for something a screen shows. */
import { useEffect, useState } from 'preact/hooks';

/** What came of it: nothing yet, a value, or an error. */
export type Loaded<Value> =
  | { readonly state: 'waiting' }
  | { readonly state: 'there'; readonly value: Value }
  | { readonly state: 'failed'; readonly error: unknown };

/** Loads at first and again whenever `reload` is called or one of `inputs` changes; an answer that came too late is dropped. */
export function useLoaded<Value>(
  load: () => Promise<Value>,
  inputs: readonly unknown[],
): { readonly loaded: Loaded<Value>; readonly reload: () => void } {
  const [loaded, setLoaded] = useState<Loaded<Value>>({ state: 'waiting' });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isWanted = true;
    load().then(
      (value) => isWanted && setLoaded({ state: 'there', value }),
      (error: unknown) => isWanted && setLoaded({ state: 'failed', error }),
    );
    return () => {
      isWanted = false;
    };
  }, [turn, ...inputs]);
  return { loaded, reload: () => setTurn((before) => before + 1) };
}
