/** Parameters as they are typed on the command line. */
import type { AggregateQuery, Constant } from '@reinraum/protocol';

/** Parameters by name: numbers where the domain has numbers. What is not permitted is for the room to refuse. */
export function parametersOf(params: AggregateQuery['params'], given: readonly string[]): Record<string, Constant> {
  const parameters: Record<string, Constant> = {};
  for (const pair of given) {
    const [name = '', ...rest] = pair.split('=');
    const text = rest.join('=');
    const isNumber = params[name]?.oneOf.some((value) => typeof value === 'number');
    parameters[name] = isNumber ? Number(text) : text;
  }
  return parameters;
}
