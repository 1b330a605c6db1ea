/** Jest loads its global files without the module mapping of its tests, so tsx reads ours. */
const { require: requireTypeScript } = require("tsx/cjs/api");

module.exports = async () => {
  const database = requireTypeScript("./database/run-database.ts", __filename);
  await database.start();
  globalThis.stopRunDatabase = database.stop;
};
