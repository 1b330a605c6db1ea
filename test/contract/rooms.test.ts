/** Room ids: room 8489 and room "8489" are different rooms, so the kind is never guessed. */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { ApiError } from "../../shared/contract/errors.js";
import { NUMERIC_ROOM, STRING_ROOM } from "../../shared/contract/fields.js";
import { checkRoom, type RoomIdType } from "../../shared/contract/rooms.js";

function codeFor(roomId: string, roomIdType: RoomIdType): string {
  try {
    checkRoom(roomId, roomIdType);
    return "taken";
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

describe("a numeric room", () => {
  test.each(["1", "9", "10", "8489", "2147483648", "4294967294"])("may be %s", (roomId) => {
    expect(codeFor(roomId, NUMERIC_ROOM)).toBe("taken");
  });

  test.each([
    ["zero", "0"],
    ["a negative number", "-1"],
    ["a signed number", "+1"],
    ["2^32 - 1, which the client SDKs do not take", "4294967295"],
    ["2^32", "4294967296"],
    ["a number of eleven digits", "10000000000"],
    ["a leading zero: it would be another text for the same room", "08489"],
    ["a fraction", "1.0"],
    ["an exponent", "1e3"],
    ["hexadecimal", "0x10"],
    ["a space before it", " 1"],
    ["a line break after it", "1\n"],
    ["digits that are not ASCII", "１２"],
    ["a name", "room123"],
    ["nothing", ""],
  ])("may not be %s", (_, roomId) => {
    expect(codeFor(roomId, NUMERIC_ROOM)).toBe("InvalidParameter.RoomId");
  });

  test("is refused when it is a name, and the message says what to send instead", () => {
    expect(() => checkRoom("room123", NUMERIC_ROOM)).toThrow(
      "RoomId is no 32-bit integer, but RoomIdType is 1 (the default): send a number from 1 to 4294967294 as a string, or RoomIdType 0 for a string room.",
    );
  });

  test("may be every 32-bit number from 1, in its plain decimal form", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_294_967_294 }), (room) => {
        expect(codeFor(String(room), NUMERIC_ROOM)).toBe("taken");
        expect(codeFor(`0${room}`, NUMERIC_ROOM)).toBe("InvalidParameter.RoomId");
      }),
    );
  });
});

describe("a string room", () => {
  /** As the client SDKs list it. */
  const ALPHABET =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$%&()+-:;<=.>?@[]^_{}|~,";

  test("has an alphabet of 89 characters", () => {
    expect(new Set(ALPHABET).size).toBe(89);
  });

  test("may be any 1 to 64 characters of that alphabet", () => {
    const rooms = fc.string({
      unit: fc.constantFrom(...Array.from(ALPHABET)),
      minLength: 1,
      maxLength: 64,
    });
    fc.assert(
      fc.property(rooms, (roomId) => {
        expect(codeFor(roomId, STRING_ROOM)).toBe("taken");
      }),
    );
  });

  test("may hold no other character, wherever it stands", () => {
    const foreign = fc.string({ unit: "binary", minLength: 1, maxLength: 1 });
    const others = foreign.filter((character) => !ALPHABET.includes(character));
    fc.assert(
      fc.property(others, fc.nat(4), (character, at) => {
        const roomId = `${"room".slice(0, at)}${character}${"room".slice(at)}`;
        expect(codeFor(roomId, STRING_ROOM)).toBe("InvalidParameter.StrRoomId");
      }),
      { numRuns: 1000 },
    );
  });

  test.each(['"', "'", "*", "/", "\\", "`", "\0", "\t", "\n", "\u007f", "é", "房"])(
    "may not hold %j",
    (character) => {
      expect(codeFor(`room${character}`, STRING_ROOM)).toBe("InvalidParameter.StrRoomId");
    },
  );

  test("has at most 64 characters, and at least one", () => {
    expect(codeFor("r".repeat(64), STRING_ROOM)).toBe("taken");
    expect(codeFor("r".repeat(65), STRING_ROOM)).toBe("InvalidParameter.StrRoomId");
    expect(codeFor("", STRING_ROOM)).toBe("InvalidParameter.StrRoomId");
  });

  test("may have a number as its name, and differs from the numeric room of that number", () => {
    expect(codeFor("8489", STRING_ROOM)).toBe("taken");
    expect(codeFor("0", STRING_ROOM)).toBe("taken");
    expect(codeFor("99999999999", STRING_ROOM)).toBe("taken");
  });
});
