/** Rooms for a test file: each test has its own, so no other test's ingests are in it. */
let rooms = 0;

/** The id of a string room that no earlier call gave. */
export const nextRoom = (name = "room"): string => `${name}-${(rooms += 1)}`;

/** The id of a numeric room that no earlier call gave. */
export const nextNumericRoom = (): string => String(1000 + (rooms += 1));
