import { EventSource } from 'eventsource';

import { isFinished, type JobDocument } from './document.js';
import { pause } from './pause.js';

/** Longest time to wait for the first event. After that, a proxy is probably buffering the stream. */
const FIRST_EVENT_MS = 10_000;

export interface FollowOptions {
  signal?: AbortSignal;
  /** Called with false when the connection is lost, and with true when an answer arrives. */
  onConnection?: (connected: boolean) => void;
}

/**
 * Yield a job's documents from the server's event stream, across lost connections.
 * Returns false when the stream does not work and the caller should poll instead.
 */
export async function* events(
  url: string,
  headers: Record<string, string>,
  { signal, onConnection }: FollowOptions,
): AsyncGenerator<JobDocument, boolean> {
  const received: JobDocument[] = [];
  let refused = false;
  let wake = () => {};
  const source = new EventSource(url, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
  });
  source.addEventListener('status', ({ data }) => {
    onConnection?.(true);
    received.push(JSON.parse(data));
    wake();
  });
  source.addEventListener('error', () => {
    // A refusal closes the source for good. After other errors it reconnects by itself, with Last-Event-ID.
    if (source.readyState === EventSource.CLOSED) refused = true;
    else onConnection?.(false);
    wake();
  });
  const stop = () => wake();
  signal?.addEventListener('abort', stop);
  try {
    let first = true;
    while (!signal?.aborted) {
      const job = received.shift();
      if (job) {
        first = false;
        yield job;
        if (isFinished(job)) return true;
      } else if (refused) {
        return false;
      } else {
        const woken = new Promise<void>((resolve) => (wake = resolve));
        await (first ? Promise.race([woken, pause(FIRST_EVENT_MS, signal)]) : woken);
        if (first && !received.length && !refused && source.readyState === EventSource.OPEN) return false;
      }
    }
    return true;
  } finally {
    signal?.removeEventListener('abort', stop);
    source.close();
  }
}
