import type {
  BeatCorrection,
  Beats,
  EditedLyrics,
  JobDocument,
  JobLinks,
  Lyrics,
  LyricsVersion,
  Options,
  Peaks,
  ReplacedLine,
  Stem,
} from './document.js';
import { KaraokeError } from './error.js';
import { events, type FollowOptions } from './events.js';
import { poll } from './poll.js';
import { type UploadOptions, upload } from './upload.js';

export interface Server {
  /** The gateway's address; the server of the current page by default. */
  baseUrl?: string;
  /** The API key; needed only when the operator has configured keys. */
  key?: string | null;
}

/** Client of a karaoke server. Every method rejects with KaraokeError. */
export class Karaoke {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor({ baseUrl = globalThis.location?.origin ?? '', key = null }: Server = {}) {
    this.#base = baseUrl.replace(/\/+$/, '');
    this.#headers = key ? { Authorization: `Bearer ${key}` } : {};
  }

  /** Return the full URL of a path such as `vocals_path`. */
  url(path: string): string {
    return this.#base + path;
  }

  /** Upload a song and resolve to the job's id. */
  async process(file: File | Blob, options: Options = {}, uploadOptions: UploadOptions = {}): Promise<string> {
    const form = new FormData();
    for (const [name, value] of Object.entries(options))
      if (value != null && value !== '') form.append(name, String(value));
    form.append('file', file);
    const answer = await upload(this.url('/api/process'), form, this.#headers, uploadOptions);
    return JSON.parse(answer).job_id;
  }

  status(id: string, signal?: AbortSignal): Promise<JobDocument> {
    return this.#json(`/api/status/${encodeURIComponent(id)}`, { signal });
  }

  /** Return the documents of many jobs, in the order of `ids`. Unknown jobs are left out. */
  async statuses(ids: string[]): Promise<JobDocument[]> {
    if (!ids.length) return [];
    const query = new URLSearchParams({ ids: ids.join(',') });
    return (await this.#json<{ jobs: JobDocument[] }>(`/api/status?${query}`)).jobs;
  }

  /** Yield a job's document at every change until the job has finished. Polls when events are not available. */
  async *follow(id: string, options: FollowOptions = {}): AsyncGenerator<JobDocument, void> {
    const url = this.url(`/api/status/${encodeURIComponent(id)}/events`);
    if (yield* events(url, this.#headers, options)) return;
    yield* poll((signal) => this.status(id, signal), options);
  }

  /** Cancel a job permanently and delete its files. */
  async cancel(id: string): Promise<void> {
    await this.fetch(`/api/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  /** Run the failed tasks of a job again. */
  async retry(id: string): Promise<void> {
    await this.fetch(`/api/jobs/${encodeURIComponent(id)}/retry`, { method: 'POST' });
  }

  /** Replace the lyrics by `text`. The server aligns it with the voice: follow the job to learn when it is done. */
  async setLyrics(id: string, text: string): Promise<void> {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' };
    await this.fetch(`/api/jobs/${encodeURIComponent(id)}/lyrics`, { method: 'PUT', body: text, headers });
  }

  /** Return the lyrics with the ETag that `correctLyrics` needs. */
  async editLyrics(id: string): Promise<LyricsVersion> {
    return version(await this.fetch(this.#lyricsPath(id), { cache: 'no-cache' }));
  }

  /**
   * Replace words and times. Resolves to the new lyrics; rejects with `lyrics_changed` when they are no longer those of
   * the `etag`. Without one, they replace whatever there is.
   */
  async correctLyrics(id: string, lyrics: EditedLyrics, etag: string | null = null): Promise<LyricsVersion> {
    const headers = { 'Content-Type': 'application/json', ...(etag && { 'If-Match': etag }) };
    return version(await this.fetch(this.#lyricsPath(id), { method: 'PUT', body: JSON.stringify(lyrics), headers }));
  }

  /** Take the corrections of the lyrics back. */
  async resetLyrics(id: string): Promise<void> {
    await this.fetch(this.#lyricsPath(id), { method: 'DELETE' });
  }

  /**
   * Find the times of some lines again, by their indices in the lyrics, with their words or new ones. Resolves to the
   * number of the request: `transcription.alignment` of the document says when it has ended, and how.
   */
  async alignLines(id: string, lines: (number | ReplacedLine)[], etag: string | null = null): Promise<number> {
    const headers = { 'Content-Type': 'application/json', ...(etag && { 'If-Match': etag }) };
    const body = JSON.stringify({ lines });
    const path = `/api/jobs/${encodeURIComponent(id)}/lyrics/align`;
    return (await this.#json<{ number: number }>(path, { method: 'POST', body, headers })).number;
  }

  /** Count the beats differently, always starting from those that were heard. Resolves to the new beats. */
  correctBeats(id: string, correction: BeatCorrection): Promise<Beats> {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify(correction);
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/beats`, { method: 'PUT', body, headers });
  }

  /** Take the corrections of the beats back. */
  async resetBeats(id: string): Promise<void> {
    await this.fetch(`/api/jobs/${encodeURIComponent(id)}/beats`, { method: 'DELETE' });
  }

  /** Return temporary URLs that work without a key, for players and downloads. */
  links(id: string): Promise<JobLinks> {
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/links`);
  }

  lyrics(id: string): Promise<Lyrics> {
    return this.#json(this.#lyricsPath(id));
  }

  /** Return the lyrics as they were before any correction. */
  heardLyrics(id: string): Promise<Lyrics> {
    return this.#json(`${this.#lyricsPath(id)}?version=heard`);
  }

  beats(id: string): Promise<Beats> {
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/beats.json`);
  }

  peaks(id: string, sound: Stem | 'song'): Promise<Peaks> {
    return this.#json(`/api/jobs/${encodeURIComponent(id)}/peaks/${sound}.json`);
  }

  /** Fetch a path with the key. */
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

  #lyricsPath(id: string): string {
    return `/api/jobs/${encodeURIComponent(id)}/lyrics.json`;
  }

  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    // New lyrics replace a file under the same URL: make the browser revalidate its cached copy.
    return (await this.fetch(path, { cache: 'no-cache', ...init })).json() as Promise<T>;
  }
}

async function version(response: Response): Promise<LyricsVersion> {
  return { lyrics: (await response.json()) as Lyrics, etag: response.headers.get('ETag') };
}
