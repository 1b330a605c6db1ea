/** Makes the next calls of an action fail, as a cloud sometimes does. */
import { CloudError } from "./cloud-error.js";

export interface Fault {
  service: string;
  action: string;
  /** The number of calls that still succeed. 0: the next call fails. */
  after?: number;
  /** The number of failing calls. A client may retry by itself. */
  times: number;
  error: { code: string; message: string; status?: number };
}

export interface Faults {
  set: (fault: Fault) => void;
  /** Throws when the call must fail. */
  check: (service: string, action: string) => void;
  clear: () => void;
}

export function makeFaults(): Faults {
  let pending: Required<Fault>[] = [];
  return {
    set: (fault) => {
      pending.push({ after: 0, ...fault });
    },
    check(service, action) {
      const fault = pending.find(
        (candidate) => candidate.service === service && candidate.action === action,
      );
      if (!fault) return;
      if (fault.after > 0) {
        fault.after -= 1;
        return;
      }
      fault.times -= 1;
      pending = pending.filter(({ times }) => times > 0);
      const { code, message, status } = fault.error;
      throw new CloudError(code, message, status);
    },
    clear: () => {
      pending = [];
    },
  };
}
