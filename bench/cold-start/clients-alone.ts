import { type Bundle, functionBundle, textBundle } from './bundles.ts';

const classes: Readonly<Record<string, string>> = {
  'client-dynamodb': 'DynamoDBClient',
  'client-sqs': 'SQSClient',
};

/**
 * A handler that does nothing but have the clients of a function, made with the options that the
 * function makes them with, and the commands it sends. Throws for a client that it does not know.
 */
const clientsText = ({ clients }: Bundle): string => {
  const used = [...clients].map(([client, commands]) => {
    const name = classes[client];
    if (name === undefined) throw new Error(`a function loads ${client}, which this bench ignores`);
    return { client, name, commands: [...commands] };
  });
  return [
    "import { awsTransport } from './lib/adapters/aws-transport.ts';",
    ...used.map(
      ({ client, name, commands }) =>
        `import { ${[name, ...commands].join(', ')} } from '@aws-sdk/${client}';`,
    ),
    `export const clients = [${used.map(({ name }) => `new ${name}(awsTransport)`).join(', ')}];`,
    `export const commands = [${used.flatMap(({ commands }) => commands).join(', ')}];`,
    'export const handler = async () => ({});',
  ].join('\n');
};

export type Compared = {
  readonly own: Bundle;
  /** Its AWS clients alone: bundled as the function is, and with no plugin of ours. */
  readonly clients: Bundle;
  readonly plain: Bundle;
};

/** These functions beside their AWS clients alone, bundled into `folder`. */
export const comparedFunctions = async (
  names: readonly string[],
  folder: string,
): Promise<readonly Compared[]> =>
  Promise.all(
    names.map(async (name) => {
      const own = await functionBundle(name, folder);
      const text = clientsText(own);
      const clients = await textBundle(`${name}-clients`, text, folder);
      const plain = await textBundle(`${name}-plain`, text, folder, { plugins: [] });
      return { own, clients, plain };
    }),
  );

/** The least that Lambda can run. */
export const bareBundle = (folder: string): Promise<Bundle> =>
  textBundle('bare', 'export const handler = async () => ({});', folder);
