import { type Api, templateApi } from './api.ts';
import { type TemplateFunction, templateFunctions } from './functions.ts';
import type { Place } from './physical.ts';
import { type TemplateQueue, templateQueues } from './queues.ts';
import { type TemplateTable, templateTables } from './tables.ts';
import { parseTemplate } from './template.ts';
import {
  type QueueTrigger,
  type ScheduleTrigger,
  templateQueueTriggers,
  templateSchedules,
} from './triggers.ts';

/** All of the packaged template that runs on one machine. */
export type Stack = {
  functions: TemplateFunction[];
  api: Api;
  tables: TemplateTable[];
  queues: TemplateQueue[];
  queueTriggers: QueueTrigger[];
  schedules: ScheduleTrigger[];
};

/** The stack that the template's text describes, in the given place; throws `StartFault`. */
export function readStack(templateText: string, place: Place): Stack {
  const template = parseTemplate(templateText, place);
  const functions = templateFunctions(template);
  return {
    functions,
    api: templateApi(template, functions),
    tables: templateTables(template),
    queues: templateQueues(template),
    queueTriggers: templateQueueTriggers(template, functions),
    schedules: templateSchedules(template, functions),
  };
}
