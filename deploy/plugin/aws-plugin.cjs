/** The CLI loads plugins as CommonJS; ours is TypeScript like everything else, and tsx reads it. */
const { register } = require("tsx/cjs/api");

const unregister = register();
module.exports = require("./aws-plugin.ts").AwsPlugin;
unregister();
