/** Finds the field that a refusal is about. A pure function of the API's error. */

interface Refusal {
  code: string;
  message: string;
}

/** The codes that TRTC names differently from its fields. */
const BY_CODE: Readonly<Record<string, string>> = { StrRoomId: "RoomId" };

/** Undefined: the refusal is about no field of the form. */
export function fieldOf({ code, message }: Refusal, names: readonly string[]): string | undefined {
  if (!/^(Invalid|Missing|Unknown|Unauthorized)/.test(code)) return undefined;
  const [, part = ""] = code.split(".");
  const byCode = Object.hasOwn(BY_CODE, part) ? BY_CODE[part] : part;
  if (byCode !== undefined && names.includes(byCode)) return byCode;
  // Of a list the message names the item: Playlist.1.StreamUrl.
  const first = [...message.matchAll(/[A-Z][A-Za-z]+/g)].map(([word]) => word);
  if (first.includes("Playlist")) return "StreamUrl";
  return first.find((word) => names.includes(word));
}
