import { assertions } from './template/assertions.ts';
import { templatePath } from './template/path.ts';
import { readTemplate } from './template/template.ts';
import { validate } from './template/validate.ts';

const template = await readTemplate();
const faults = [
  ...validate(templatePath),
  ...assertions.flatMap(({ promise, violations }) =>
    violations(template).map((violation) => `${promise}: ${violation}`),
  ),
];

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log(`The template is valid and keeps ${assertions.length} promises.`);
