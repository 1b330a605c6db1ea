/**
 * The userbuf of a PrivateMapKey, byte by byte. All numbers are big-endian. First comes 1 byte for
 * the kind of room (0 numeric, 1 string). Then 2 for the length of the user's id, and the id. 4 bytes
 * each follow:
 * SdkAppId, numeric room, expiry as Unix time, privileges, account type (always 0). A string room
 * adds 2 bytes for its length, and the room. Source: tls-sig-api-v2 for Node.js and
 * tls-sig-api-v2-golang.
 */
export interface RoomPass {
  sdkAppId: number;
  userId: string;
  roomId: string;
  roomIdType: 0 | 1;
  privileges: number;
  /** Unix time. */
  expiresAtSeconds: number;
}

/** The first byte. RoomIdType counts the other way round: 0 is a string room there. */
const NUMERIC_ROOM = 0;
const STRING_ROOM = 1;

/** Throws a RangeError for a room without a name, or for a number that does not fit its field. */
export function writeUserBuf(pass: RoomPass): Buffer {
  if (pass.roomId === "") throw new RangeError("RoomId is empty.");
  const isString = pass.roomIdType === 0;
  const room = isString ? withLength(pass.roomId) : Buffer.alloc(0);
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(uint32(pass.sdkAppId, "SdkAppId"), 0);
  numbers.writeUInt32BE(isString ? 0 : roomNumber(pass.roomId), 4);
  numbers.writeUInt32BE(uint32(pass.expiresAtSeconds, "The expiry"), 8);
  numbers.writeUInt32BE(uint32(pass.privileges, "The privilege map"), 12);
  const kind = Buffer.of(isString ? STRING_ROOM : NUMERIC_ROOM);
  return Buffer.concat([kind, withLength(pass.userId), numbers, room]);
}

/** Undefined unless the bytes are exactly one userbuf. */
export function readUserBuf(bytes: Buffer): RoomPass | undefined {
  const kind = bytes[0];
  if (kind !== NUMERIC_ROOM && kind !== STRING_ROOM) return undefined;
  const user = readWithLength(bytes, 1);
  if (!user || bytes.length < user.end + 20) return undefined;
  const pass = {
    userId: user.text,
    sdkAppId: bytes.readUInt32BE(user.end),
    expiresAtSeconds: bytes.readUInt32BE(user.end + 8),
    privileges: bytes.readUInt32BE(user.end + 12),
  };
  const end = user.end + 20;
  if (kind === NUMERIC_ROOM) {
    const roomId = String(bytes.readUInt32BE(user.end + 4));
    return end === bytes.length ? { ...pass, roomId, roomIdType: 1 } : undefined;
  }
  const room = readWithLength(bytes, end);
  if (room?.end !== bytes.length) return undefined;
  return { ...pass, roomId: room.text, roomIdType: 0 };
}

/** The decimal of a number from 1, without sign or leading zero, so each room has one name. */
function roomNumber(roomId: string): number {
  const decimal = /^[1-9][0-9]{0,9}$/.test(roomId) ? Number(roomId) : Number.NaN;
  return uint32(decimal, "A RoomId of RoomIdType 1");
}

function uint32(value: number, name: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new RangeError(`${name} has to be a 32-bit number.`);
}

/** The length counts bytes. Outside ASCII a letter has several. */
function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 0xffff) throw new RangeError("The ids are too long to be signed.");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function readWithLength(bytes: Buffer, start: number): { text: string; end: number } | undefined {
  if (bytes.length < start + 2) return undefined;
  const end = start + 2 + bytes.readUInt16BE(start);
  if (bytes.length < end) return undefined;
  return { text: bytes.toString("utf8", start + 2, end), end };
}
