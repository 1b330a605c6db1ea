/** The fields of the start form, under the names that the API gives them. */
import { h } from "../../base/dom.js";
import { choice, type Field, field } from "../../parts/field.js";
import { t, type Word } from "../../words/words.js";

export const START_NAMES = [
  "SdkAppId",
  "RoomId",
  "RoomIdType",
  "StreamUrl",
  "BackupStreamUrl",
  "RepeatNum",
  "MaxDuration",
  "StartTime",
  "StopWhenEmptySeconds",
  "UserId",
  "ProbeSource",
] as const;
export type StartName = (typeof START_NAMES)[number];

type Control = Field["control"];

/** What the person has typed. It stays when the language changes or another page is looked at. */
let draft: Partial<Record<StartName, string | boolean>> = {};

/** The next person to sign in starts with an empty form. */
export function forgetDraft(): void {
  draft = {};
}

const HINTS: Partial<Record<StartName, Word>> = {
  SdkAppId: "start.SdkAppId.hint",
  StreamUrl: "start.StreamUrl.hint",
  MaxDuration: "start.MaxDuration.hint",
  StartTime: "start.StartTime.hint",
};

export function startFields(): Map<string, Field> {
  const made = START_NAMES.map((name) => {
    const hint = HINTS[name];
    const hinted = hint === undefined ? {} : { hint: t(hint, { bar: "|" }) };
    const control = controlOf(name);
    keep(name, control);
    return [
      name,
      field({ id: `start-${name}`, label: t(`start.${name}`), control, ...hinted }),
    ] as const;
  });
  return new Map<string, Field>(made);
}

function controlOf(name: StartName): Control {
  switch (name) {
    case "RoomIdType":
      return choice(
        name,
        [
          ["0", t("room.string")],
          ["1", t("room.number")],
        ],
        "0",
      );
    case "RepeatNum":
      return choice(
        name,
        [
          ["", t("repeat.once")],
          ["-1", t("repeat.loop")],
        ],
        "",
      );
    case "StreamUrl":
      return h("textarea", { name, rows: "2", spellcheck: "false" });
    case "ProbeSource":
      return h("input", { name, type: "checkbox" });
    case "StartTime":
      return h("input", { name, type: "datetime-local", step: "1" });
    case "SdkAppId":
    case "MaxDuration":
    case "StopWhenEmptySeconds":
      return h("input", { name, inputmode: "numeric", autocomplete: "off" });
    case "RoomId":
    case "BackupStreamUrl":
    case "UserId":
      return h("input", { name, autocomplete: "off", spellcheck: "false" });
  }
}

function keep(name: StartName, control: Control): void {
  const isBox = control instanceof HTMLInputElement && control.type === "checkbox";
  const kept = draft[name];
  if (typeof kept === "boolean" && isBox) control.checked = kept;
  else if (typeof kept === "string") control.value = kept;
  control.addEventListener("input", () => {
    draft[name] = isBox ? control.checked : control.value;
  });
}
