/**
 * `make` remembering its last results: at most `most` of them, all forgotten together when there would be more. For pure
 * functions of public parameters whose result costs far more than its key.
 */
export function memoised<Value>(most: number): (key: string, make: () => Value) => Value {
  const held = new Map<string, Value>();
  return (key, make) => {
    const known = held.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (held.size >= most) held.clear();
    held.set(key, made);
    return made;
  };
}
