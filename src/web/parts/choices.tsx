/** Choosing the parameters of a question or table. */
import type { Parameters } from '@reinraum/protocol';
import { Select } from './select.tsx';

type Params = Readonly<Record<string, { readonly oneOf: readonly Parameters[string][] }>>;

/** The parameters one begins with: the first value of each. */
export function firstChoice(params: Params): Parameters {
  return Object.fromEntries(Object.entries(params).map(([name, { oneOf }]) => [name, oneOf[0] ?? '']));
}

/** One list for each parameter. */
export function Choices({
  params,
  chosen,
  labelOf,
  titleOf,
  onChoose,
}: {
  readonly params: Params;
  readonly chosen: Parameters;
  readonly labelOf: (name: string) => string;
  readonly titleOf: (name: string, value: Parameters[string]) => string;
  readonly onChoose: (chosen: Parameters) => void;
}) {
  return Object.entries(params).map(([name, { oneOf }]) => (
    <Select
      key={name}
      label={labelOf(name)}
      value={String(chosen[name])}
      options={oneOf.map((value) => ({ value: String(value), title: titleOf(name, value) }))}
      onChoose={(text) => {
        const value = oneOf.find((candidate) => String(candidate) === text);
        if (value !== undefined) onChoose({ ...chosen, [name]: value });
      }}
    />
  ));
}
