/**
 * The form of a StreamUrl. TRTC checks no more when a task starts. Later it finds out whether the
 * media exist and can be read.
 */
const ABSOLUTE = /^(https?|rtmps?):(\/\/[^/\s].*)$/is;

/** URL parsers know hosts in http only, so an rtmp URL is read as http. */
export function isStreamUrl(text: string): boolean {
  const rest = ABSOLUTE.exec(text)?.[2];
  return rest !== undefined && !/[\s\p{Cc}]/u.test(rest) && URL.canParse(`http:${rest}`);
}

export const isRtmp = (streamUrl: string): boolean => /^rtmps?:/i.test(streamUrl);
