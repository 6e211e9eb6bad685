/** The page of a witness: its name and key, and what it has seen last. Plain HTML, no script, no style, nothing secret. */
import type { Checkpoint, WitnessOptions } from '@reinraum/audit/verifier';
import { toBase64 } from '@reinraum/protocol';
import { escaped } from '../gateway/html.ts';

/** The page, German and English. Rejects with what the store rejects with. */
export async function witnessPage({ cosigner, logs, store }: WitnessOptions): Promise<string> {
  const origins = [...new Set(logs.map(({ name }) => name))];
  const rows = await Promise.all(origins.map(async (origin) => rowOf(origin, await store.get(origin))));
  return `<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Zeuge ${escaped(cosigner.name)}</title></head><body><main><h1>Zeuge / <span lang="en">witness</span> ${escaped(cosigner.name)}</h1><p>Dieser Zeuge unterschreibt den Stand eines Protokolls nur, wenn ein Beweis zeigt, dass er den zuletzt unterschriebenen fortsetzt.<br><span lang="en">This witness signs the checkpoint of a log only if a proof shows that it continues the one signed last.</span></p><dl><dt>Schlüssel / <span lang="en">verifier key</span></dt><dd><code>${escaped(cosigner.vkey)}</code></dd></dl><table><caption>Protokolle / <span lang="en">logs</span></caption><thead><tr><th scope="col">Protokoll / <span lang="en">log</span></th><th scope="col">Einträge zuletzt / <span lang="en">last size</span></th><th scope="col">Wurzel / <span lang="en">root</span></th></tr></thead><tbody>${rows.join('')}</tbody></table></main></body></html>`;
}

function rowOf(origin: string, last: Checkpoint | undefined): string {
  const [size, root] = last
    ? [String(last.size), `<code>${escaped(toBase64(last.root))}</code>`]
    : ['noch keiner / <span lang="en">none yet</span>', '–'];
  return `<tr><th scope="row"><code>${escaped(origin)}</code></th><td>${size}</td><td>${root}</td></tr>`;
}
