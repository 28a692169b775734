import { EventSource } from 'eventsource';

import type { JobDocument } from './document.js';
import { pause } from './pause.js';

/** How long the first event may take: something between us and the server may be holding the stream back. */
const FIRST_EVENT_MS = 10_000;

export interface Following {
  signal?: AbortSignal;
  /** Told whenever the connection is lost, and when it is back. */
  onConnection?: (connected: boolean) => void;
}

/** Yields a job's documents as the server sends them, through outages. Returns whether streaming worked until the end. */
export async function* events(
  url: string,
  headers: Record<string, string>,
  { signal, onConnection }: Following,
  over: (job: JobDocument) => boolean,
): AsyncGenerator<JobDocument, boolean> {
  const news: JobDocument[] = [];
  let works = true;
  let wake = () => {};
  const source = new EventSource(url, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
  });
  source.addEventListener('status', ({ data }) => {
    onConnection?.(true);
    news.push(JSON.parse(data));
    wake();
  });
  source.addEventListener('error', () => {
    // A refusal closes the source for good; after anything else it connects again by itself, with Last-Event-ID.
    if (source.readyState === EventSource.CLOSED) works = false;
    else onConnection?.(false);
    wake();
  });
  const stop = () => wake();
  signal?.addEventListener('abort', stop);
  try {
    let first = true;
    while (!signal?.aborted) {
      const job = news.shift();
      if (job) {
        first = false;
        yield job;
        if (over(job)) return true;
      } else if (!works) {
        return false;
      } else {
        const woken = new Promise<void>((resolve) => (wake = resolve));
        await (first ? Promise.race([woken, pause(FIRST_EVENT_MS, signal)]) : woken);
        if (first && !news.length && works && source.readyState === EventSource.OPEN) return false;
      }
    }
    return true;
  } finally {
    signal?.removeEventListener('abort', stop);
    source.close();
  }
}
