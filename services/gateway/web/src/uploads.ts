import { signal } from '@preact/signals';

import { authorized } from './api-key';
import { messageFor } from './error-message';
import { remember } from './recent-songs';
import { openJob } from './route';

export interface Upload {
  readonly name: string;
  readonly sent: number; // 0 to 1
  readonly problem: string | null;
  readonly cancel: () => void;
}

/** Uploads that are running, waiting or failed. */
export const uploads = signal<readonly Upload[]>([]);
let queue = Promise.resolve();

/** Upload songs one after the other, and open the first one that the server accepts. */
export function uploadSongs(files: Iterable<File>): void {
  let opened = false;
  for (const file of files) {
    const stop = new AbortController();
    let shown: Upload = { name: file.name, sent: 0, problem: null, cancel: () => cancel() };
    const show = (change: Partial<Upload> | null) => {
      const next = change && { ...shown, ...change };
      uploads.value = uploads.value.flatMap((upload) => (upload !== shown ? [upload] : next ? [next] : []));
      shown = next ?? shown;
    };
    const cancel = () => {
      stop.abort();
      show(null);
    };
    uploads.value = [...uploads.value, shown];
    queue = queue.then(async () => {
      if (stop.signal.aborted) return;
      try {
        const progress = { onProgress: (sent: number) => show({ sent }), signal: stop.signal };
        const id = await authorized((server) => server.process(file, { format: 'flac' }, progress));
        show(null);
        remember(id, file.name);
        if (!opened) openJob(id);
        opened = true;
      } catch (error) {
        if (!stop.signal.aborted) show({ problem: messageFor(error) });
      }
    });
  }
}
