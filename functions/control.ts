import { answerControl } from '../lib/answer/control.ts';
import { composeControl } from '../lib/compose/control.ts';
import { api } from '../lib/middleware/api.ts';

const { deps, http } = composeControl();

/** What changes jobs that exist: cancel, delete, retry; and where their callbacks go. */
export const handler = api(http, (request, signal) => answerControl(deps, request, signal));
