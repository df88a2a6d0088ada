import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import * as z from 'zod';
import { bundleOptions, functionNames } from './build.ts';

/** Where the list is kept. */
export const dependenciesPath = 'docs/dependencies.md';

/** A package of which there is code in a deployed bundle. */
export type BundledPackage = {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as the package itself says. */
  readonly licence: string;
  readonly homepage: string | undefined;
};

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  repository: z.union([z.string(), z.object({ url: z.string() })]).optional(),
});

/** The folder of the package that a source file belongs to; undefined for our own files. */
const packageFolder = (source: string): string | undefined =>
  /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0];

const foldersIn = async (functionName: string): Promise<readonly string[]> => {
  const { metafile } = await build({ ...bundleOptions(functionName, 'dist'), write: false });
  const sources = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([source, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [source] : [],
    ),
  );
  return sources.flatMap((source) => packageFolder(source) ?? []);
};

/** `git+https://github.com/a/b.git`, `github:a/b` and the like as a URL for people. */
const webAddress = (
  repository: z.infer<typeof packageSchema>['repository'],
): string | undefined => {
  const url = typeof repository === 'object' ? repository.url : repository;
  const place = /github(?:\.com)?[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(url ?? '')?.[1];
  return place === undefined ? undefined : `https://github.com/${place}`;
};

/** What the bundles are made of beside our own code, as esbuild tells it; by name. */
export const bundledPackages = async (): Promise<readonly BundledPackage[]> => {
  const folders = new Set((await Promise.all((await functionNames()).map(foldersIn))).flat());
  const packages = [...folders].map(async (folder) => {
    const file = await readFile(path.join(folder, 'package.json'), 'utf8');
    const { name, version, license, repository } = packageSchema.parse(JSON.parse(file));
    return { name, version, licence: license, homepage: webAddress(repository) };
  });
  return (await Promise.all(packages)).sort((a, b) => (a.name < b.name ? -1 : 1));
};

const rowOf = ({ name, version, licence, homepage }: BundledPackage): string =>
  `| ${homepage === undefined ? name : `[${name}](${homepage})`} | ${version} | ${licence} |`;

/** The page, as it should be. */
export const renderDependencies = (packages: readonly BundledPackage[]): string => {
  const perLicence = Object.entries(Object.groupBy(packages, ({ licence }) => licence))
    .map(([licence, of]) => `${of?.length ?? 0} ${licence}`)
    .sort()
    .join(', ');
  return `# Dependencies of the deployed bundles

What runs in your account beside this project's own code: the packages of which there is code in a
function's bundle, as esbuild tells after leaving out what is not used. What is only needed to build,
test or run the service on one machine is not among it, and Node.js with the AWS Lambda runtime is
AWS's to provide and to patch.

${packages.length} packages: ${perLicence}. Versions are those of \`package-lock.json\`,
which \`npm ci\` checks by their hashes. The bundles leave out licence texts; whoever passes a bundle on must add them.

Written by \`npm run dependencies\`; a test fails when it is out of date.

| package | version | licence |
|---|---|---|
${packages.map(rowOf).join('\n')}

## Known vulnerabilities

\`\`\`sh
npm audit --omit=dev
\`\`\`

asks the registry for what is known against the packages of \`dependencies\`, and ends with 1 when there
is something. Run it before a release and once a week: what is known changes without a change here,
so it is no part of \`npm test\`, which gives the same answer for the same commit and needs no network.
`;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(dependenciesPath, renderDependencies(await bundledPackages()));
  console.log(`Written: ${dependenciesPath}`);
}
