import { signal } from '@preact/signals';

import { open } from './address';
import { inWords } from './problem';
import { remember } from './recent';
import { authorized } from './session';

export interface Upload {
  readonly name: string;
  readonly sent: number; // 0 to 1
  readonly problem: string | null;
  readonly cancel: () => void;
}

/** Songs on their way up, and those that did not get there. */
export const uploads = signal<readonly Upload[]>([]);
let queue = Promise.resolve();

/** Sends songs one after the other; the first that arrives is opened. */
export function send(files: Iterable<File>): void {
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
        if (!opened) open(id);
        opened = true;
      } catch (error) {
        if (!stop.signal.aborted) show({ problem: inWords(error) });
      }
    });
  }
}
