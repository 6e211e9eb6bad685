/** The witness's app over stores that wait and fail: limits, and failures that say nothing and sign nothing. */
import { cosigner } from '@reinraum/audit';
import { describe, expect, it } from 'vitest';
import { requestsAtOnceMax, type WitnessAccessLine, witnessApp } from '../../src/witness/app.ts';
import { History, keyOf, MemoryStore } from '../support/witnessed-log.ts';

const log = new History();
const signer = cosigner('w.example/1', keyOf(9), () => 0n);

function appOver(store: MemoryStore) {
  const lines: WitnessAccessLine[] = [];
  const app = witnessApp({ cosigner: signer, logs: [log.key], store, clock: () => 0, log: (line) => lines.push(line) });
  const send = async (from: number, to: number) => {
    const body = new Uint8Array(await log.request(from, to));
    return app.request('/add-checkpoint', { method: 'POST', body });
  };
  return { app, send, lines };
}

describe('the app of a witness', () => {
  it('has so many requests in work at once and no more, and goes on when they are done', async () => {
    const { promise: open, resolve: release } = Promise.withResolvers<void>();
    const store = new MemoryStore();
    const waiting = Object.assign(Object.create(store) as MemoryStore, {
      get: async (origin: string) => {
        await open;
        return store.get(origin);
      },
    });
    const { app, send, lines } = appOver(waiting);
    const sent = Array.from({ length: requestsAtOnceMax }, () => send(0, 3));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const refused = await send(0, 3);
    expect([refused.status, await refused.text()]).toEqual([
      503,
      'Zu viele Anfragen zugleich; später noch einmal.\nToo many requests at once; try again later.\n',
    ]);
    expect(refused.headers.get('content-security-policy')).toContain("default-src 'none'");
    release();
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(requestsAtOnceMax - 1);
    expect((await app.request('/add-checkpoint')).status).toBe(405);
    expect((await send(3, 5)).status).toBe(200);
    expect(lines).toHaveLength(requestsAtOnceMax + 3);
  });

  it('answers a failing store with one constant text, and no cosignature', async () => {
    for (const method of ['get', 'set'] as const) {
      const failing = Object.assign(new MemoryStore(), { [method]: () => Promise.reject(new Error('SECRET path')) });
      const { app, send, lines } = appOver(failing);
      const answer = await send(0, 3);
      expect([answer.status, await answer.text()]).toEqual([
        500,
        'Die Anfrage ist gescheitert; nichts wurde bezeugt.\nThe request failed; nothing was cosigned.\n',
      ]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(lines).toEqual([{ method: 'POST', route: '/add-checkpoint', status: 500, durationMs: 0 }]);
      const page = await app.request('/');
      expect(page.status).toBe(method === 'get' ? 500 : 200);
      expect(await page.text()).not.toContain('SECRET');
    }
  });

  it('is not made with a key that is a log’s', () => {
    const shared = cosigner('w.example/1', keyOf(1), () => 0n);
    const make = () =>
      witnessApp({ cosigner: shared, logs: [log.key], store: new MemoryStore(), clock: () => 0, log: () => {} });
    expect(make).toThrow(/Zeuge und Protokoll .* \/ A witness and a log must not share a key/);
  });

  it('shows names of logs and of itself as text', async () => {
    const odd = new History({ origin: '<script>&"' });
    const app = witnessApp({
      cosigner: cosigner('<b>w</b>', keyOf(9), () => 0n),
      logs: [odd.key],
      store: new MemoryStore(),
      clock: () => 0,
      log: () => {},
    });
    const page = await (await app.request('/')).text();
    expect(page).not.toMatch(/<script>|<b>/);
    expect(page).toContain('&lt;script&gt;&amp;&quot;');
  });
});
