import { StartFault } from '../start-fault.ts';

/** Where the stack stands on this machine, and under which names. */
export type Place = {
  accountId: string;
  region: string;
  stackName: string;
  /** Origin of the queue emulator, such as `http://127.0.0.1:4566`: queue URLs begin with it. */
  queueEndpoint: string;
};

/** What the physical names are read from: the types and resolved properties of the resources. */
export type ResourceLookup = {
  place: Place;
  type(logicalId: string): string | undefined;
  property(logicalId: string, name: string): unknown;
};

/** The identifier that every REST API of the template has here. */
export const localApiId = 'local';

/** What `Ref` gives for a resource: its URL for a queue, else its physical name. */
export function resourceReference(lookup: ResourceLookup, logicalId: string): string {
  switch (lookup.type(logicalId)) {
    case undefined:
      throw unknown(`${logicalId} is neither a resource nor a parameter of the template`);
    case 'AWS::SQS::Queue':
      return `${lookup.place.queueEndpoint}/${lookup.place.accountId}/${queueName(lookup, logicalId)}`;
    case 'AWS::ApiGateway::RestApi':
      return localApiId;
    default:
      return physicalName(lookup, logicalId);
  }
}

/** What `Fn::GetAtt` gives for a resource; throws `StartFault` for an attribute unknown here. */
export function resourceAttribute(
  lookup: ResourceLookup,
  logicalId: string,
  attribute: string,
): string {
  const type = lookup.type(logicalId);
  const { region, accountId } = lookup.place;
  const arn = (service: string, rest: string) =>
    `arn:aws:${service}:${region}:${accountId}:${rest}`;
  switch (`${type}.${attribute}`) {
    case 'AWS::Lambda::Function.Arn':
      return arn('lambda', `function:${physicalName(lookup, logicalId)}`);
    case 'AWS::SQS::Queue.Arn':
      return arn('sqs', queueName(lookup, logicalId));
    case 'AWS::SQS::Queue.QueueName':
      return queueName(lookup, logicalId);
    case 'AWS::SQS::Queue.QueueUrl':
      return resourceReference(lookup, logicalId);
    case 'AWS::DynamoDB::Table.Arn':
      return arn('dynamodb', `table/${physicalName(lookup, logicalId)}`);
    case 'AWS::ApiGateway::RestApi.RootResourceId':
      return rootResourceId;
    case 'AWS::Events::Rule.Arn':
      return arn('events', `rule/${logicalId}`);
    case 'AWS::IAM::Role.Arn':
      return `arn:aws:iam::${accountId}:role/${logicalId}`;
    default:
      throw unknown(`Fn::GetAtt ${logicalId}.${attribute} (${type ?? 'no such resource'})`);
  }
}

/** The identifier of the root of the API's tree of resources. */
export const rootResourceId = 'root';

const nameProperty: Record<string, string> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Logs::LogGroup': 'LogGroupName',
};

function physicalName(lookup: ResourceLookup, logicalId: string): string {
  const property = nameProperty[lookup.type(logicalId) ?? ''];
  if (property === undefined) return logicalId;
  return named(lookup, logicalId, property);
}

function queueName(lookup: ResourceLookup, logicalId: string): string {
  return named(lookup, logicalId, 'QueueName');
}

function named(lookup: ResourceLookup, logicalId: string, property: string): string {
  const given = lookup.property(logicalId, property);
  return typeof given === 'string' ? given : `${lookup.place.stackName}-${logicalId}`;
}

function unknown(what: string): StartFault {
  return new StartFault(`The packaged template cannot run here: ${what} is not known locally.`);
}
