const { readFileSync } = require('node:fs');

/** What esbuild's binary loader does in a bundle: the file's bytes are the module. */
module.exports = {
  process: (_, path) => ({
    code: `module.exports = Buffer.from(${JSON.stringify(readFileSync(path).toString('base64'))}, 'base64');`,
  }),
};
