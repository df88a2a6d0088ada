/** The packaged CloudFormation template, where the Serverless Framework leaves it. */
export const templatePath = '.serverless/cloudformation-template-update-stack.json';
