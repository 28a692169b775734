import type { JobDocument } from './document.js';
import { KaraokeError } from './error.js';
import type { Following } from './events.js';
import { pause } from './pause.js';

const POLL_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;

/** Yields a job's document whenever it differs from the one before, until it is over. Outages are waited out; rejects with what asking again will not change. */
export async function* poll(
  ask: (signal?: AbortSignal) => Promise<JobDocument>,
  { signal, onConnection }: Following,
  over: (job: JobDocument) => boolean,
): AsyncGenerator<JobDocument, void> {
  let last = '';
  for (let failures = 0; !signal?.aborted; ) {
    let wait = POLL_MS;
    try {
      const job = await ask(signal);
      failures = 0;
      onConnection?.(true);
      const text = JSON.stringify(job);
      if (text !== last) yield job;
      last = text;
      if (over(job)) return;
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof KaraokeError && error.passes)) throw error;
      onConnection?.(false);
      failures += 1;
      wait = Math.max((error.retryAfter ?? 0) * 1000, Math.min(POLL_MS * 2 ** (failures - 1), LONGEST_WAIT_MS));
    }
    await pause(wait, signal);
  }
}
