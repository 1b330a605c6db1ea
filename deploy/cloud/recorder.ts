/** The calls to the cloud in order. A rehearsal checks them. */
export interface RecordedCall {
  host: string;
  /** `scf`, `cam`, `tag` or `cos`. For another host, the host's name. */
  service: string;
  /** Such as `CreateFunction`. For COS, the operation of this method and path. */
  action: string;
  /** It came inside TLS. */
  isEncrypted: boolean;
  parameters: Readonly<Record<string, unknown>>;
  /** `ok`, or the code of the refusal. */
  outcome: string;
}

export interface Recorder {
  calls: RecordedCall[];
  /** The calls since the last `mark`. */
  sinceMark: () => RecordedCall[];
  mark: () => void;
}

export function makeRecorder(): Recorder {
  const calls: RecordedCall[] = [];
  let marked = 0;
  return {
    calls,
    sinceMark: () => calls.slice(marked),
    mark: () => {
      marked = calls.length;
    },
  };
}
