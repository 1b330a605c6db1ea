const { availableParallelism } = require("node:os");

/**
 * Tests run the TypeScript sources as CommonJS through swc (types are checked by tsc), which is
 * the fastest of the ways measured. Packages that ship ES modules only are transformed as well.
 */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  transform: {
    "^.+\\.(ts|m?js)$": [
      "@swc/jest",
      {
        jsc: { target: "es2022", parser: { syntax: "typescript" } },
        module: { type: "commonjs" },
      },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!(@middy|leven|mediabunny)/)"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  globalSetup: "<rootDir>/test/support/global-setup.cjs",
  globalTeardown: "<rootDir>/test/support/global-teardown.cjs",
  // One fewer than the cores is the default: on a small machine, where tests mostly wait, that is one.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 60_000,
};
