/** Whether a TaskId is one of ours. Requests may name TRTC's TaskId as well. */
export const isTaskId = (text: string): boolean => /^ing-[0-9a-z]{26}$/.test(text);
