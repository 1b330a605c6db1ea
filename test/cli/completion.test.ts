/** `trtc-ingest completion`: the script, sourced in a real bash and a real zsh. */
import { execFileSync } from "node:child_process";
import { beforeAll, expect, test } from "@jest/globals";
import { cli } from "../support/cli.js";
import { describeWith } from "../support/needed.js";
import { hasZsh, ZSH } from "../support/programs.js";

const SHELLS = ["bash", "zsh"] as const;

const scripts = new Map<string, string>();
beforeAll(async () => {
  for (const shell of SHELLS) scripts.set(shell, (await cli(["completion", shell])).out);
});

const PATHS = { bash: "bash", zsh: ZSH };

/** The proposals after these words. The last word is the one under the cursor. */
function proposals(shell: keyof typeof PATHS, words: string[]): string[] {
  const quoted = ["trtc-ingest", ...words].map((word) => `'${word}'`).join(" ");
  // bashcompinit runs such functions with arrays that count from 0.
  const emulation = shell === "zsh" ? "emulate -L ksh\n" : "";
  const program = `${scripts.get(shell) ?? ""}
try() {
  ${emulation}COMP_WORDS=(${quoted})
  COMP_CWORD=${words.length}
  _trtc_ingest
  printf '%s\\n' "\${COMPREPLY[@]}"
}
try`;
  const out = execFileSync(PATHS[shell], ["-c", program], { encoding: "utf8" });
  const current = words.at(-1) ?? "";
  // zsh itself leaves out what does not begin with the word under the cursor.
  return out
    .split("\n")
    .filter((word) => word !== "" && (shell === "bash" || word.startsWith(current)));
}

const completesIn = (shell: keyof typeof PATHS) => () => {
  test.each<[words: string[], proposed: string[]]>([
    [["sta"], ["start"]],
    [["schedules", "pr"], ["preview"]],
    [
      ["admin", ""],
      ["list", "timeline", "cost", "stop", "move"],
    ],
    [["health", "--w"], ["--watch"]],
    [
      ["callbacks", ""],
      ["list", "check", "send"],
    ],
    [
      ["logs", "--level", ""],
      ["info", "warn", "error"],
    ],
    [
      ["start", "--room-i"],
      ["--room-id", "--room-id-type"],
    ],
    [["start", "--room-id", "1", "--stream"], ["--stream-url"]],
    [
      ["list", "--state", "s"],
      ["scheduled", "starting", "stopping"],
    ],
    [["list", "--state", "running", "--al"], ["--all"]],
    [
      ["schedules", "list", "--state", ""],
      ["Enabled", "Paused"],
    ],
    [["start", "--json-body", ""], []],
    [["nonsense", ""], []],
  ])("%j is completed", (words, proposed) => {
    expect(proposals(shell, words)).toEqual(proposed);
  });
};

describeWith({ isThere: true, program: "bash" }, "in bash", completesIn("bash"));
describeWith({ isThere: hasZsh, program: "zsh" }, "in zsh", completesIn("zsh"));

test("another shell is refused", async () => {
  const { code, err } = await cli(["completion", "fish"]);

  expect([code, err]).toEqual([2, "there is no completion for fish: name bash or zsh\n"]);
});
