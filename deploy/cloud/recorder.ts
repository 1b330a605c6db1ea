/** What the cloud was asked, in order: what a rehearsal is judged by. */
export interface RecordedCall {
  host: string;
  /** `scf`, `cam`, `tag`, `cos`; of any other host, the host. */
  service: string;
  /** As `CreateFunction`; of COS, the operation that method and path mean. */
  action: string;
  /** It came inside TLS. */
  isEncrypted: boolean;
  parameters: Readonly<Record<string, unknown>>;
  /** `ok`, or the code of the refusal. */
  outcome: string;
}

export interface Recorder {
  calls: RecordedCall[];
  /** Those since the last `mark`. */
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
