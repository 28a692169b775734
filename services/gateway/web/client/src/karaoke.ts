import {
  type Beats,
  isOver,
  type JobDocument,
  type JobLinks,
  type Lyrics,
  type Options,
  type Peaks,
  type Stem,
} from './document.js';
import { KaraokeError } from './error.js';
import { events, type Following } from './events.js';
import { poll } from './poll.js';
import { type Progress, upload } from './upload.js';

export interface Server {
  /** Where the gateway answers; the page's own server by default. */
  baseUrl?: string;
  /** Only where the operator has set keys. */
  key?: string | null;
}

/** A karaoke server. Every method rejects with KaraokeError. */
export class Karaoke {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor({ baseUrl = globalThis.location?.origin ?? '', key = null }: Server = {}) {
    this.#base = baseUrl.replace(/\/+$/, '');
    this.#headers = key ? { Authorization: `Bearer ${key}` } : {};
  }

  /** The whole address of a path such as `vocals_path`. */
  url(path: string): string {
    return this.#base + path;
  }

  /** Uploads a song; resolves to its job's id. */
  async process(file: File | Blob, options: Options = {}, progress: Progress = {}): Promise<string> {
    const form = new FormData();
    for (const [name, value] of Object.entries(options))
      if (value != null && value !== '') form.append(name, String(value));
    form.append('file', file);
    const answer = await upload(this.url('/api/process'), form, this.#headers, progress);
    return JSON.parse(answer).job_id;
  }

  status(id: string, signal?: AbortSignal): Promise<JobDocument> {
    return this.#json(`/api/status/${encodeURIComponent(id)}`, { signal });
  }

  /** Those of the jobs that are there, in the order asked. */
  async statuses(ids: string[]): Promise<JobDocument[]> {
    if (!ids.length) return [];
    const query = new URLSearchParams({ ids: ids.join(',') });
    return (await this.#json<{ jobs: JobDocument[] }>(`/api/status?${query}`)).jobs;
  }

  /** A job's documents as it goes on, until it is over: as events come, or by polling where they do not. */
  async *follow(id: string, following: Following = {}): AsyncGenerator<JobDocument, void> {
    const url = this.url(`/api/status/${encodeURIComponent(id)}/events`);
    if (yield* events(url, this.#headers, following, isOver)) return;
    yield* poll((signal) => this.status(id, signal), following, isOver);
  }

  /** Cancels the job for good and removes all that was made of it. */
  async cancel(id: string): Promise<void> {
    await this.fetch(`/api/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  /** Runs again what failed. */
  async retry(id: string): Promise<void> {
    await this.fetch(`/api/jobs/${encodeURIComponent(id)}/retry`, { method: 'POST' });
  }

  /** Replaces the words by `text`, which is put in time with the voice; follow the job until that is done. */
  async setLyrics(id: string, text: string): Promise<void> {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' };
    await this.fetch(`/api/jobs/${encodeURIComponent(id)}/lyrics`, { method: 'PUT', body: text, headers });
  }

  /** Addresses that work without a key for a while, for players and downloads. */
  links(id: string): Promise<JobLinks> {
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/links`);
  }

  lyrics(id: string): Promise<Lyrics> {
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/lyrics.json`);
  }

  beats(id: string): Promise<Beats> {
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/beats.json`);
  }

  peaks(id: string, sound: Stem | 'song'): Promise<Peaks> {
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/peaks/${sound}.json`);
  }

  /** Fetches a path with the key. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), ...this.#headers };
    let response: Response;
    try {
      response = await fetch(this.url(path), { ...init, headers });
    } catch (error) {
      throw init.signal?.aborted ? error : KaraokeError.unreachable();
    }
    if (response.ok) return response;
    throw KaraokeError.from(
      response.status,
      await response.text().catch(() => ''),
      response.headers.get('Retry-After'),
    );
  }

  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    // Own words replace a file that may have been kept: ask whether it is still the same.
    return (await this.fetch(path, { cache: 'no-cache', ...init })).json() as Promise<T>;
  }
}
