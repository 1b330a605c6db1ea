/** Checks that the cloud has what serverless.yml declares, for each function. */
import type { CloudFunction } from "../cloud/scf.js";
import type { DeclaredFunction } from "../../server/declared/service-file.js";
import { ZIP_FILE } from "../build/build-functions.js";
import { readFileSync } from "node:fs";
import { expectEqual, expectThat } from "./expect.js";
import type { Stage } from "./stage.js";

export const fullName = ({ declared }: Pick<Stage, "declared">, name: string): string =>
  `${declared.service}-${declared.provider.stage ?? "dev"}-${name}`;

export function checkDeployed(stage: Stage): void {
  const { cloud, declared } = stage;
  const names = Object.keys(declared.functions);
  const expected = names.map((name) => fullName(stage, name)).sort();
  expectEqual("the functions in the cloud", [...cloud.scf.functions.keys()].sort(), expected);
  const zip = readFileSync(ZIP_FILE);
  for (const [name, declaredFunction] of Object.entries(declared.functions)) {
    const deployed = cloud.scf.functions.get(fullName(stage, name));
    if (!deployed) continue;
    checkFunction(stage, { name, declared: declaredFunction, deployed });
    expectThat(zip.equals(deployed.zip), `${name} has another zip than dist/functions.zip`);
  }
}

interface Compared {
  name: string;
  declared: DeclaredFunction;
  deployed: CloudFunction;
}

function checkFunction({ declared: { provider } }: Stage, { name, declared, deployed }: Compared) {
  const { configuration, Triggers } = deployed;
  const { Environment, Handler, Runtime, MemorySize, Timeout, Role, VpcConfig } = configuration;
  const { PublicNetConfig, InitTimeout } = configuration;
  expectEqual(
    `${name}: its settings`,
    [Handler, Runtime, MemorySize, Timeout, Role],
    [
      `${name}.handler`,
      provider.runtime,
      declared.memorySize ?? provider.memorySize,
      declared.timeout ?? provider.timeout,
      provider.role,
    ],
  );
  const { vpcId, subnetId } = provider.vpcConfig ?? {};
  expectEqual(`${name}: its network`, VpcConfig, { VpcId: vpcId, SubnetId: subnetId });
  expectEqual(`${name}: SCF's own fields`, { PublicNetConfig, InitTimeout }, provider.scf);
  const variables = new Map(
    (Environment?.Variables ?? []).map(({ Key = "", Value = "" }) => [Key, Value]),
  );
  const all = { ...provider.environment?.variables, ...declared.environment?.variables };
  // Its own and the provider's variables, and no other function's. Empty ones are not set.
  const expected = Object.keys(all).filter((key) => all[key] !== "");
  expectEqual(`${name}: the names of its variables`, [...variables.keys()].sort(), expected.sort());
  for (const [key, value] of variables) {
    expectThat(value === all[key], `${name}: ${key} has another value than was declared`);
  }
  const kinds = (declared.events ?? []).map((event) => Object.keys(event)[0]);
  const types = Triggers.map(({ Type, Enable }) => [
    Type === "http" ? "functionUrl" : Type,
    Enable,
  ]);
  expectEqual(
    `${name}: its triggers`,
    types,
    kinds.map((kind) => [kind, 1]),
  );
}

/** Checks all recorded calls: none in clear text, none to other hosts, and no role created. */
export function checkCalls({ cloud, secrets }: Stage): number {
  const { calls } = cloud.recorder;
  const clear = calls.filter(({ isEncrypted }) => !isEncrypted).map(({ host }) => host);
  expectEqual("the hosts of calls in clear text", clear, []);
  const services = new Set(["cam", "cos", "scf", "tag"]);
  const foreign = calls.filter(({ service }) => !services.has(service)).map(({ host }) => host);
  expectEqual("the hosts of calls to other services", foreign, []);
  const unknown = calls.filter(({ outcome }) => outcome === "InvalidAction");
  expectEqual("the calls with an unknown action", unknown, []);
  const rights = calls.filter(({ action }) => /Role|Polic/.test(action));
  expectEqual("the calls that change roles and policies", rights, []);
  const kept = [...cloud.cos.objects].filter(([, bytes]) =>
    secrets.some((secret) => bytes.includes(secret)),
  );
  expectEqual(
    "the objects in COS with a secret",
    kept.map(([place]) => place),
    [],
  );
  return calls.length;
}
