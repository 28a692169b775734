/**
 * A client of the karaoke API without a framework: submit a song and follow its job until it ends.
 *
 *   const jobId = await submitSong(file, { tasks: ['stem_separation', 'beat_analysis'] });
 *   const monitor = new JobMonitor(jobId, {
 *     onUpdate: (status) => show(status.progress),
 *     onComplete: (status) => play(status.stem_separation.instrumental_path),
 *     onError: (error) => show(error.message),
 *   });
 *   monitor.start();
 */

const POLL_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 15_000;

/** Uploads `file` (a File or Blob) and resolves to the job's id. The server chooses the options that are left out. */
export async function submitSong(file, { tasks, language, model, format } = {}, signal) {
  const form = new FormData();
  form.append('file', file);
  for (const [name, value] of Object.entries({ tasks: tasks?.join(), language, model, format })) {
    if (value) form.append(name, value);
  }
  const { job_id } = await request('/api/process', { method: 'POST', body: form, signal });
  return job_id;
}

/** Calls the handlers until the job has ended, does not exist, or `stop` was called. Never calls them after that. */
export class JobMonitor {
  #jobId;
  #handlers;
  #aborter = null; // set while polling
  #failures;
  #timer;

  /**
   * onUpdate(status): called with each status document, including the last one.
   * onRetry(error):   called when a request failed; the monitor tries again.
   * onComplete(status) or onError(error): called once, at the end.
   */
  constructor(jobId, handlers = {}) {
    this.#jobId = jobId;
    this.#handlers = handlers;
  }

  start() {
    if (this.#aborter) return;
    this.#aborter = new AbortController();
    this.#failures = 0;
    void this.#poll(this.#aborter.signal);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#aborter?.abort();
    this.#aborter = null;
  }

  async #poll(signal) {
    const timely = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    let status, error;
    try {
      status = await request(`/api/status/${encodeURIComponent(this.#jobId)}`, { signal: timely });
    } catch (reason) {
      error = reason;
    }
    if (signal.aborted) return;
    this.#failures = error ? this.#failures + 1 : 0;
    if (error?.permanent) return this.#end('onError', error);
    if (error) this.#handlers.onRetry?.(error);
    else this.#handlers.onUpdate?.(status);
    if (signal.aborted) return; // a handler may have called stop()
    if (status?.status === 'completed') return this.#end('onComplete', status);
    if (status?.status === 'failed') return this.#end('onError', new Error(status.error_message));

    // The next poll is scheduled after the answer, so a slow server never gets two requests at once.
    this.#timer = setTimeout(() => this.#poll(signal), this.#pause());
  }

  #end(handler, value) {
    this.stop();
    this.#handlers[handler]?.(value);
  }

  /** Returns milliseconds: doubled with each failure, and varied so that clients do not all poll at the same moment. */
  #pause() {
    if (!this.#failures) return POLL_MS;
    return Math.min(POLL_MS * 2 ** this.#failures, LONGEST_WAIT_MS) * (0.75 + Math.random() / 4);
  }
}

/** Resolves to the JSON answer. Rejects with an Error that is `permanent` if a retry would give the same answer. */
async function request(url, init) {
  const response = await fetch(url, init);
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  const permanent = !response.ok && response.status < 500 && ![408, 429].includes(response.status);
  throw Object.assign(new Error(body?.detail ?? `HTTP ${response.status}`), { permanent });
}
