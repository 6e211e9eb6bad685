/** The entrance page: which rooms there are and what they promise. Plain HTML, no script, no style, nothing secret. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Status } from '@reinraum/protocol';
import { add, bytes, json } from './described.ts';
import { askHost, type HostAccess } from './forward.ts';
import { escaped } from './html.ts';

/** Adds the page, which links to the application where there is one, and the question whether the gateway is up. */
export function addEntrance(app: OpenAPIHono, host: HostAccess, hasApplication: boolean): void {
  add(
    app,
    {
      tag: 'pages',
      method: 'get',
      path: '/',
      summary: ['Eingangsseite', 'Entrance page'],
      responses: bytes('text/html; charset=UTF-8', 'Die Seite.', 'The page.'),
    },
    async (context) => {
      const ask = async (path: string) => (await askHost(host, path)).json();
      const { rooms = [] } = (await ask('/rooms')) as { rooms?: readonly string[] };
      const statuses = rooms.map(async (name) => [name, await ask(`/rooms/${name}/status`)] as const);
      return context.html(entrancePage(new Map(await Promise.all(statuses)), hasApplication));
    },
  );
  add(
    app,
    {
      tag: 'pages',
      method: 'get',
      path: '/health',
      summary: ['Ist das Gateway erreichbar?', 'Is the gateway up?'],
      responses: json('Health', 'Ja. Über die Räume sagt das nichts.', 'Yes. It says nothing about the rooms.'),
    },
    (context) => context.json({ ok: true }),
  );
}

/** Page about rooms by name; a room without a status could not be reached. */
function entrancePage(rooms: ReadonlyMap<string, unknown>, hasApplication: boolean): string {
  const sections = [...rooms].map(([name, status]) => sectionOf(name, Status.safeParse(status).data, hasApplication));
  const body =
    sections.length > 0 ? sections.join('') : '<p>Hier gibt es noch keinen Raum. / There is no room here yet.</p>';
  return `<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Reinraum</title></head><body><main><h1>Reinraum</h1><p>Partner stellen freigegebene Fragen an gemeinsame Daten, ohne einander Datensätze zu zeigen.<br><span lang="en">Partners ask approved questions of their joint data without showing each other a record.</span></p>${body}<p><a href="/api">Schnittstelle / <span lang="en">API</span></a></p></main></body></html>`;
}

function sectionOf(name: string, status: Status | undefined, hasApplication: boolean): string {
  if (!status?.founded)
    return `<section><h2>${escaped(name)}</h2><p>Noch nicht gegründet. / Not founded yet.</p></section>`;
  const assurance =
    status.assurance === 'software'
      ? 'Nachweis: Software. Wer die Maschine betreibt, kann entschlüsseln. / Evidence: software. The operator of the machine can decrypt.'
      : 'Eingeschränkt: Es fehlen Schutzwände. / Degraded: walls are missing.';
  const witnesses =
    status.witnesses === 0
      ? 'Ohne Zeugen: Ein zurückgesetztes Protokoll fiele nicht auf. / No witnesses: a rolled-back log would go unnoticed.'
      : `${status.witnesses} Zeugen / witnesses`;
  const [size = '0'] = (status.checkpoint ?? '').split('\n').slice(1);
  const way = `<p><a href="/app/#/${escaped(name)}">Raum öffnen / <span lang="en">open the room</span></a></p>`;
  return `<section><h2>${escaped(status.title?.de ?? name)}</h2>${hasApplication ? way : ''}<p><strong>${escaped(status.notice?.de ?? '')}</strong><br><span lang="en">${escaped(status.notice?.en ?? '')}</span></p><dl><dt>Raum / room</dt><dd><code>${escaped(status.room ?? '')}</code></dd><dt>Zusicherung / assurance</dt><dd>${assurance}</dd><dt>Zeugen / witnesses</dt><dd>${witnesses}</dd><dt>Protokoll / log</dt><dd><a href="/rooms/${escaped(name)}/log/checkpoint">${escaped(size)} Einträge / entries</a></dd>${status.stopped ? '<dt>Angehalten / stopped</dt><dd>ja / yes</dd>' : ''}</dl></section>`;
}
