/** Stored releases are found by charge and by name, the same ones in whatever order a directory lists them. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBase64 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ReleaseStore, type StoredRelease } from '../../enclave/vault/releases.ts';
import { SecretStore } from '../../enclave/vault/secrets.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-releases-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stored = (charged: number, releaseKey: string): StoredRelease => ({
  charged,
  releaseKey,
  document: { payloadType: 'x', payload: String(charged), signatures: [{ sig: toBase64(new Uint8Array(64)) }] },
  salt: 'salt',
});

test('releases of one name come latest charge first', async () => {
  const secrets = new SecretStore(join(folder, 'releases'), new Uint8Array(32), (bytes) => void bytes.fill(1));
  const store = await ReleaseStore.open(secrets);
  for (const charged of [10, 9, 100, 20]) await store.put(stored(charged, 'same'));
  await store.put(stored(5, 'other'));
  for (const opened of [store, await ReleaseStore.open(secrets)]) {
    expect(opened.byKey('same')).toEqual([100, 20, 10, 9].map((charged) => stored(charged, 'same')));
    expect(opened.byKey('other')).toEqual([stored(5, 'other')]);
    expect(opened.byCharge(9)).toEqual(stored(9, 'same'));
    expect(opened.byKey('none')).toEqual([]);
  }
});

test('a release that is destroyed is found no more, by charge or by name, and is gone from the folder', async () => {
  const secrets = new SecretStore(join(folder, 'destroyed'), new Uint8Array(32), (bytes) => void bytes.fill(1));
  const store = await ReleaseStore.open(secrets);
  for (const charged of [3, 7]) await store.put(stored(charged, 'same'));
  for (const charged of [7, 7, 8]) await store.destroy(charged);
  expect(await secrets.names()).toEqual(['3']);
  for (const opened of [store, await ReleaseStore.open(secrets)]) {
    expect(opened.byCharge(7)).toBeUndefined();
    expect(opened.byKey('same')).toEqual([stored(3, 'same')]);
  }
});

test('whatever a crash leaves of a destruction or of a write, the store opens and the next destruction leaves nothing', async () => {
  const place = join(folder, 'crashed');
  const secrets = new SecretStore(place, new Uint8Array(32), (bytes) => void bytes.fill(1));
  const store = await ReleaseStore.open(secrets);
  for (const charged of [3, 7]) await store.put(stored(charged, 'same'));
  const whole = await readFile(join(place, '7'));
  const states: readonly (() => Promise<void>)[] = [
    // Renamed; overwritten by half; written and never renamed; an older rest beside what is stored.
    () => rename(join(place, '7'), join(place, '7.doomed')),
    () => writeFile(join(place, '7.doomed'), whole.fill(0, 0, 20)),
    () => writeFile(join(place, '7.tmp'), whole),
    () => store.put(stored(7, 'same')).then(() => writeFile(join(place, '7.tmp'), 'rest')),
  ];
  for (const crash of states) {
    await crash();
    const opened = await ReleaseStore.open(secrets);
    expect(opened.byCharge(3)).toEqual(stored(3, 'same'));
    // Who destroys what is not on a list finds it by its name.
    const isDoomed = (await readdir(place)).includes('7.doomed');
    if (isDoomed) expect((await secrets.names()).toSorted()).toEqual(['3', '7']);
    await opened.destroy(7);
    expect(await readdir(place)).toEqual(['3']);
  }
});
