import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

// The part of the core standard, version 0.4, that the file uses: https://yml.publiccode.tools/schema.core.html
const Description = z.strictObject({
  localisedName: z.string(),
  genericName: z.string().max(35),
  shortDescription: z.string().max(150),
  longDescription: z.string().min(500).max(10_000),
  features: z.array(z.string().max(100)).min(1),
});
const PublicCode = z.strictObject({
  publiccodeYmlVersion: z.literal('0.4'),
  name: z.literal('Reinraum'),
  url: z.url().optional(),
  developmentStatus: z.enum(['concept', 'development', 'beta', 'stable', 'obsolete']),
  softwareType: z.enum(['standalone/web', 'standalone/backend', 'standalone/other']),
  platforms: z.array(z.enum(['web', 'linux', 'mac', 'windows'])).min(1),
  categories: z.array(z.string()).min(1),
  intendedAudience: z.strictObject({ countries: z.array(z.string().length(2)), scope: z.array(z.string()) }),
  description: z.strictObject({ de: Description, en: Description }),
  legal: z.strictObject({ license: z.literal('EUPL-1.2') }),
  maintenance: z.strictObject({
    type: z.enum(['internal', 'community']),
    contacts: z.array(z.strictObject({ name: z.string(), email: z.email().optional() })).min(1),
  }),
  localisation: z.strictObject({ localisationReady: z.boolean(), availableLanguages: z.array(z.string()).min(1) }),
  dependsOn: z.strictObject({
    open: z.array(
      z.strictObject({ name: z.string(), versionMin: z.string().optional(), optional: z.boolean().optional() }),
    ),
  }),
});

const root = path.resolve(import.meta.dirname, '../..');

test('publiccode.yml keeps to the standard, in German and English', () => {
  const file = PublicCode.parse(parse(readFileSync(path.join(root, 'publiccode.yml'), 'utf8')));
  expect(Object.keys(file.description)).toEqual(file.localisation.availableLanguages);
});

test('the licence is the one every package.json names', () => {
  expect(readFileSync(path.join(root, 'LICENSE'), 'utf8')).toMatch(/^EUROPEAN UNION PUBLIC LICENCE v\. 1\.2\n/);
  for (const folder of ['.', 'enclave/protocol', 'audit', 'enclave', 'policies', 'src/client', 'src/web', 'src']) {
    const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as { license: string };
    expect(manifest.license).toBe('EUPL-1.2');
  }
});
