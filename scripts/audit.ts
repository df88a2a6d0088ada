import { auditJobs } from '../lib/audit/audit-jobs.ts';
import { composeAudit } from '../lib/compose/audit.ts';
import { type AuditCommand, parseAuditCommand } from './audit/arguments.ts';
import { auditJson, showAudit } from './audit/show.ts';
import { atPlace } from './aws/at-place.ts';
import { explain } from './aws/explain.ts';
import { findKeyPlace } from './keys/key-place.ts';

const carryOut = async (command: AuditCommand) => {
  const place = await findKeyPlace(command.target);
  return atPlace(place, () => auditJobs(composeAudit(place), command));
};

try {
  const command = parseAuditCommand(process.argv.slice(2), Date.now());
  const audit = await carryOut(command);
  console.log(command.json ? auditJson(audit, command) : showAudit(audit, command).join('\n'));
  if (audit.overdueCount > 0) process.exitCode = 1;
} catch (thrown) {
  console.error(explain(thrown));
  process.exitCode = 2;
}
