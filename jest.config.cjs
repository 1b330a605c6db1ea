const { availableParallelism } = require("node:os");
const slowSuites = require("./test/tiers/slow-suites.json");

/**
 * Tests run the TypeScript sources as CommonJS through swc (types are checked by tsc), which is
 * the fastest of the ways measured. Packages that ship ES modules only are transformed as well.
 */
const common = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  transform: {
    "^.+\\.(ts|m?js)$": [
      "@swc/jest",
      {
        jsc: { target: "es2022", parser: { syntax: "typescript" } },
        module: { type: "commonjs" },
      },
    ],
  },
  transformIgnorePatterns: [
    "/node_modules/(?!(@middy|leven|mediabunny|temporal-polyfill|temporal-utils)/)",
  ],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
};

const timed = slowSuites["one at a time"];
const slow = Object.values(slowSuites).flat();
const globOf = (path) => `<rootDir>/${path}${path.endsWith("/") ? "**/*.test.ts" : ""}`;

/** The tiers: `npm test` runs the fast one, `npm run test:all` runs all, the timed one alone. */
module.exports = {
  globalSetup: "<rootDir>/test/support/global-setup.cjs",
  globalTeardown: "<rootDir>/test/support/global-teardown.cjs",
  // One fewer than the cores is the default: on a small machine, where tests mostly wait, that is one.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // For a test that hangs. A busy machine may take ten times as long as a calm one.
  testTimeout: 180_000,
  projects: [
    {
      ...common,
      displayName: "fast",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: slow.map((path) => `<rootDir>/${path}`),
    },
    {
      ...common,
      displayName: "slow",
      testMatch: slow.filter((path) => !timed.includes(path)).map(globOf),
    },
    { ...common, displayName: "timed", testMatch: timed.map(globOf) },
  ],
};
