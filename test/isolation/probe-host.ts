/** A host of its own that starts the probe and waits to be killed: `probe-host.ts <state> <uploads> <bwrap>`. */
import { setTimeout } from 'node:timers/promises';
import { startProbe } from './probe.ts';

const [state = '', uploads = '', bwrapPath = ''] = process.argv.slice(2);
const probe = await startProbe({ state, uploads }, { bwrapPath });
await probe.try('self', null);
// Busy, it cannot notice that its door closes: only the kernel can end it.
void probe.try('run', ['/bin/sleep', '30']);
await setTimeout(200);
process.stdout.write('busy\n');
setInterval(() => undefined, 1000);
