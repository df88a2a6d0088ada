import { expect, test } from 'vitest';
import { noValue, resolve, type Scope } from '../../../../local/template/intrinsic.ts';

const scope: Scope = {
  ref: (name) => ({ 'AWS::NoValue': noValue, Region: 'r', Count: 3, List: ['x', 'y'] })[name],
  attribute: (logicalId, attribute) => `${logicalId}/${attribute}`,
  holds: (condition) => condition === 'Yes',
  mapped: (map, top, second) => `${map}/${top}/${second}`,
};

test.each([
  [{ Ref: 'Region' }, 'r'],
  [{ 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue/Arn'],
  [{ 'Fn::GetAtt': 'Queue.Nested.Arn' }, 'Queue/Nested.Arn'],
  [{ 'Fn::Join': ['-', ['a', { Ref: 'Region' }, { Ref: 'Count' }]] }, 'a-r-3'],
  [{ 'Fn::Join': [',', { Ref: 'List' }] }, 'x,y'],
  [{ 'Fn::Sub': '${Region}:${Queue.Arn}:${!Kept}' }, 'r:Queue/Arn:${Kept}'],
  [{ 'Fn::Sub': ['${Own}-${Region}', { Own: { Ref: 'Count' } }] }, '3-r'],
  [{ 'Fn::Split': ['/', 'a/b'] }, ['a', 'b']],
  [{ 'Fn::Select': ['1', { 'Fn::Split': ['/', 'a/b'] }] }, 'b'],
  [{ 'Fn::FindInMap': ['M', { Ref: 'Region' }, 'k'] }, 'M/r/k'],
  [{ 'Fn::If': ['Yes', { Ref: 'Region' }, { 'Fn::Unknown': 1 }] }, 'r'],
  [{ 'Fn::Equals': [{ Ref: 'Count' }, '3'] }, true],
  [{ 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Not': [{ Condition: 'No' }] }] }, true],
  [{ 'Fn::Or': [{ Condition: 'No' }, { Condition: 'No' }] }, false],
])('%j stands for %j', (value, expected) => {
  expect(resolve(value, scope, 'here')).toEqual(expected);
});

test('what has no value is left out of objects and lists', () => {
  const absent = { 'Fn::If': ['No', 1, { Ref: 'AWS::NoValue' }] };
  expect(resolve({ a: absent, b: [1, absent, null] }, scope, 'here')).toEqual({ b: [1, null] });
});

test('an intrinsic that is not known names its place in the template', () => {
  expect(() => resolve({ a: [{ 'Fn::ImportValue': 'x' }] }, scope, 'Queue.Properties')).toThrow(
    'Queue.Properties.a[0]: Fn::ImportValue is not supported by the local runtime.',
  );
});
