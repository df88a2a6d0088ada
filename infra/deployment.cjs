/**
 * What YAML cannot say, as the Deployment's logical id is new in each packaging. It must come after
 * the gateway responses, which it freezes. It must not create the stage: a stage made that way
 * cannot be changed afterwards ("StageDescription cannot be specified when stage referenced by
 * StageName already exists"), so stage.yml has it as a resource of its own.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const gatewayResponses = readFileSync(join(__dirname, 'gateway-responses.yml'), 'utf8');
const gatewayResponseIds = [...gatewayResponses.matchAll(/^ {2}(\w+):$/gm)].map(([, id]) => id);

module.exports = async ({ resolveVariable }) => ({
  extensions: {
    [`ApiGatewayDeployment${await resolveVariable('sls:instanceId')}`]: {
      DependsOn: gatewayResponseIds,
      Properties: { StageName: null },
    },
  },
});
