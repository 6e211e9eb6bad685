/** Addresses of the screens: behind `#`, so that they are the same wherever the files are served. */

/** Where somebody is. `rooms` is the list of rooms; all others are in a room. */
export type Route =
  | { readonly screen: 'rooms' }
  | { readonly screen: 'catalogue'; readonly room: string }
  | { readonly screen: 'log'; readonly room: string }
  | { readonly screen: 'question' | 'answer' | 'table'; readonly room: string; readonly query: string };

/** The route of `location.hash`; anything unknown is the list of rooms or the room's catalogue. */
export function parseRoute(hash: string): Route {
  const [room = '', screen = '', query = ''] = hash.replace(/^#\/?/, '').split('/');
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(room)) return { screen: 'rooms' };
  if (screen === 'log') return { screen, room };
  const isOfQuery = screen === 'question' || screen === 'answer' || screen === 'table';
  if (isOfQuery && /^[0-9a-f]{64}$/.test(query)) return { screen, room, query };
  return { screen: 'catalogue', room };
}

/** The address of a route, for links. */
export function hrefOf(route: Route): string {
  if (route.screen === 'rooms') return '#/';
  if (route.screen === 'catalogue') return `#/${route.room}`;
  if (route.screen === 'log') return `#/${route.room}/log`;
  return `#/${route.room}/${route.screen}/${route.query}`;
}
