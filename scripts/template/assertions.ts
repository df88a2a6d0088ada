import type { Assertion } from './assertion.ts';
import { functionAssertions } from './function-assertions.ts';
import { gatewayAssertions } from './gateway-assertions.ts';
import { refusalAssertions } from './refusal-assertions.ts';
import { roleAssertions } from './role-assertions.ts';
import { stageAssertions } from './stage-assertions.ts';
import { storageAssertions } from './storage-assertions.ts';
import { triggerAssertions } from './trigger-assertions.ts';

/** All that the service relies on in its template. */
export const assertions: readonly Assertion[] = [
  ...functionAssertions,
  ...triggerAssertions,
  ...storageAssertions,
  ...roleAssertions,
  ...gatewayAssertions,
  ...stageAssertions,
  ...refusalAssertions,
];
