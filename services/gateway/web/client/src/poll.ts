import { isFinished, type JobDocument } from './document.js';
import { KaraokeError } from './error.js';
import type { FollowOptions } from './events.js';
import { pause } from './pause.js';

const POLL_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Yield a job's document whenever it has changed, until the job has finished.
 * Transient errors are retried with growing pauses; rejects with any other error.
 */
export async function* poll(
  fetchStatus: (signal?: AbortSignal) => Promise<JobDocument>,
  { signal, onConnection }: FollowOptions,
): AsyncGenerator<JobDocument, void> {
  let last = '';
  for (let failures = 0; !signal?.aborted; ) {
    let wait = POLL_MS;
    try {
      const job = await fetchStatus(signal);
      failures = 0;
      onConnection?.(true);
      const text = JSON.stringify(job);
      if (text !== last) yield job;
      last = text;
      if (isFinished(job)) return;
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof KaraokeError && error.isTransient)) throw error;
      onConnection?.(false);
      failures += 1;
      wait = Math.max((error.retryAfter ?? 0) * 1000, Math.min(POLL_MS * 2 ** (failures - 1), LONGEST_WAIT_MS));
    }
    await pause(wait, signal);
  }
}
