import { KaraokeError } from './error.js';

export interface UploadOptions {
  /** Called with the share of the file that has been sent, 0 to 1. */
  onProgress?: (sent: number) => void;
  signal?: AbortSignal;
}

/**
 * Post a form and resolve to the answer's text. Rejects with KaraokeError, or with AbortError when aborted.
 * Uses XMLHttpRequest because fetch does not report upload progress.
 */
export function upload(
  url: string,
  form: FormData,
  headers: Record<string, string>,
  { onProgress, signal }: UploadOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const aborted = () => new DOMException('The upload was cancelled', 'AbortError');
    if (signal?.aborted) return reject(aborted());
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal?.addEventListener('abort', abort, { once: true });
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress?.(total ? loaded / total : 0));
    request.addEventListener('loadend', () => {
      signal?.removeEventListener('abort', abort);
      const { status, responseText } = request;
      if (signal?.aborted) reject(aborted());
      else if (status === 0) reject(KaraokeError.unreachable());
      else if (status >= 400) reject(KaraokeError.from(status, responseText, request.getResponseHeader('Retry-After')));
      else resolve(responseText);
    });
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(form);
  });
}
