/** JSON as it is sent: editors and .NET put a byte-order mark before it, which JSON has no place for. */
export const withoutMark = (text: string): string => text.replace(/^\ufeff+/, "");
