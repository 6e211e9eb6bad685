/** A host of its own that starts the probe and waits to be killed: `probe-host.ts <state> <uploads> <bwrap>`. */
import { startProbe } from './probe.ts';

const [state = '', uploads = '', bwrapPath = ''] = process.argv.slice(2);
const probe = await startProbe({ state, uploads }, { bwrapPath });
await probe.try('self', null);
process.stdout.write('running\n');
setInterval(() => undefined, 1000);
