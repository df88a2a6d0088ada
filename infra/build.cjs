const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

/** Bundles the functions before they are archived: what is deployed is what the sources say. */
class BuildPlugin {
  constructor(serverless) {
    const build = () => {
      const { status } = spawnSync(process.execPath, [join('scripts', 'build.ts')], {
        cwd: serverless.serviceDir,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      if (status === 0) return;
      throw new serverless.classes.Error('The functions do not build: see above', 'BUILD_FAILED');
    };
    this.hooks = {
      'before:package:createDeploymentArtifacts': build,
      'before:package:function:package': build,
    };
  }
}

module.exports = BuildPlugin;
