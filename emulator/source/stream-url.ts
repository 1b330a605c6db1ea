/**
 * The form of a StreamUrl. TRTC asks for no more when a task starts: whether the media is there,
 * and can be read, is found out afterwards.
 */
const ABSOLUTE = /^(https?|rtmps?):(\/\/[^/\s].*)$/is;

/** URL parsers know hosts in http only, so an rtmp URL is read as if it were http. */
export function isStreamUrl(text: string): boolean {
  const rest = ABSOLUTE.exec(text)?.[2];
  return rest !== undefined && !/[\s\p{Cc}]/u.test(rest) && URL.canParse(`http:${rest}`);
}

export const isRtmp = (streamUrl: string): boolean => /^rtmps?:/i.test(streamUrl);
