import {
  type BeatCorrection,
  type Beats,
  isFinished,
  type JobDocument,
  KaraokeError,
  type Lyrics,
  type Peaks,
} from '@karaoke/client';
import { signal } from '@preact/signals';

import { authorized } from '../api-key';
import { Player } from '../audio/player';
import { loadStems } from '../audio/stems';
import { messageFor } from '../error-message';
import { remember } from '../recent-songs';

const FIRST_WAIT_MS = 300;
const RETRY_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;
/** An accepted run normally starts within this time, unless the server is busy. */
const RUN_STARTS_MS = 2_000;
/** The event stream ends with the job. From then on the document is polled, because somebody may correct a result. */
const WATCH_MS = 4_000;

/** An open song: follows its job to the end and loads each result as soon as it is ready. */
export class Song {
  readonly job = signal<JobDocument | null>(null);
  readonly problem = signal<string | null>(null);
  readonly connected = signal(true);
  readonly runPending = signal(false); // the server has accepted another run that has not started yet
  readonly loaded = signal<number | null>(null); // share of the stems that is loaded, 0 to 1, while they load
  readonly player = signal<Player | null>(null);
  readonly lyrics = signal<Lyrics | null>(null);
  readonly beats = signal<Beats | null>(null);
  readonly peaks = signal<Peaks | null>(null);
  readonly readings = signal(false); // whether lines are shown with their readings in Latin letters
  readonly offset = signal(0); // delay of the lyrics in seconds, set by the user

  readonly #stop = new AbortController();
  readonly #requested = new Set<string>(); // results whose loading has started
  #stemsLoading = false;
  #following = 0;
  #lyricsLoads = 0;
  #beatsVersion = 0;

  constructor(readonly id: string) {
    void this.follow();
    void this.#watch();
  }

  /** Follow the job until a run after `previousRun` has finished. A new run appears a little after it was accepted. */
  async follow(previousRun = -1): Promise<void> {
    this.problem.value = null;
    const since = Date.now();
    const onConnection = (connected: boolean) => (this.connected.value = connected);
    this.#following += 1;
    try {
      await authorized(async (server) => {
        let started = previousRun < 0;
        for (let wait = FIRST_WAIT_MS; ; wait = Math.min(1.5 * wait, RETRY_MS)) {
          if (!started) await pause(wait);
          for await (const job of server.follow(this.id, { signal: this.#stop.signal, onConnection })) {
            started ||= job.run > previousRun || isCancelled(job);
            this.runPending.value = !started && Date.now() > since + RUN_STARTS_MS;
            if (started) this.#update(job);
          }
          if (started || this.#stop.signal.aborted) return;
        }
      });
    } catch (error) {
      this.runPending.value = false;
      if (!this.#stop.signal.aborted) this.problem.value = messageFor(error);
    } finally {
      this.#following -= 1;
    }
  }

  /** Notice what changes in a job that has ended: corrections, refined beats, and another run. */
  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await pause(WATCH_MS);
      const job = this.job.value;
      if (this.#following || globalThis.document?.hidden || !job || isCancelled(job)) continue;
      try {
        const now = await authorized((server) => server.status(this.id, this.#stop.signal));
        if (this.#following) continue;
        this.#update(now);
        if (!isFinished(now)) void this.follow();
      } catch (error) {
        if (!(error instanceof KaraokeError && error.isTransient)) return;
      }
    }
  }

  async retry(): Promise<void> {
    try {
      await authorized((server) => server.retry(this.id));
      await this.follow(this.job.value?.run);
    } catch (error) {
      this.problem.value = messageFor(error);
    }
  }

  /** Replace the lyrics. Rejects with KaraokeError when the server refuses them. */
  async setLyrics(text: string): Promise<void> {
    await authorized((server) => server.setLyrics(this.id, text));
    void this.follow(this.job.value?.run);
  }

  /** Count the beats as in `correction`, or as they were heard. Rejects with KaraokeError when the server refuses. */
  async correctBeats(correction: BeatCorrection | null): Promise<void> {
    await authorized(async (server) => {
      if (!correction) await server.resetBeats(this.id);
      this.#setBeats(correction ? await server.correctBeats(this.id, correction) : await server.beats(this.id));
    });
  }

  close(): void {
    this.#stop.abort();
    this.player.value?.close();
  }

  #update(job: JobDocument): void {
    if (this.#stop.signal.aborted) return;
    this.job.value = job;
    if (job.name && !isCancelled(job)) remember(this.id, job.name);
    const { stem_separation: stems, transcription: words, beat_analysis: rhythm } = job;
    if (stems.status === 'completed') void this.#loadStemsOnce(job);
    if (words.partial)
      void this.#loadOnce(`first lyrics ${job.run} ${words.attempt} ${words.partial_lines}`, () =>
        this.#loadPartialLyrics(),
      );
    if (words.status === 'failed' && this.lyrics.value?.partial) this.lyrics.value = null;
    if (words.status === 'completed')
      void this.#loadOnce(`lyrics ${job.run} ${words.attempt} ${words.revision}`, () => this.#loadLyrics());
    if (rhythm.status === 'completed')
      void this.#loadOnce(`beats ${job.run} ${rhythm.refined} ${rhythm.revision}`, () => this.#loadBeats());
  }

  /** Load the stems once. They never change, so that a later run matters only if loading them failed. */
  async #loadStemsOnce(job: JobDocument): Promise<void> {
    if (this.#stemsLoading || this.player.value) return;
    this.#stemsLoading = true;
    await this.#loadOnce(`stems ${job.run} ${job.stem_separation.attempt}`, () => this.#loadStems(job));
    this.#stemsLoading = false;
  }

  /** Load the result named `what` once, and retry transient errors. */
  async #loadOnce(what: string, load: () => Promise<void>): Promise<void> {
    if (this.#requested.has(what)) return;
    this.#requested.add(what);
    for (let wait = RETRY_MS; !this.#stop.signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        await load();
        this.connected.value = true;
        return;
      } catch (error) {
        this.loaded.value = null;
        if (this.#stop.signal.aborted) return;
        if (!(error instanceof KaraokeError && error.isTransient)) {
          this.problem.value = messageFor(error);
          return;
        }
        this.connected.value = false;
        await pause(wait);
      }
    }
  }

  async #loadStems(job: JobDocument): Promise<void> {
    this.loaded.value = 0;
    const context = new AudioContext({ sampleRate: 44_100, latencyHint: 'playback' });
    const onProgress = (share: number) => (this.loaded.value = share);
    const stems = await authorized((server) => loadStems(server, job, context, this.#stop.signal, onProgress)).catch(
      (error: unknown) => {
        void context.close();
        throw error;
      },
    );
    if (this.#stop.signal.aborted) return void context.close();
    const player = new Player(context, stems);
    player.beats.value = this.beats.value?.beats ?? [];
    this.player.value = player;
    this.loaded.value = null;
    void this.#loadOnce('peaks', () => this.#loadPeaks());
  }

  async #loadPeaks(): Promise<void> {
    this.peaks.value = await authorized((server) => server.peaks(this.id, 'instrumental'));
  }

  async #loadLyrics(): Promise<void> {
    this.#lyricsLoads += 1;
    const load = this.#lyricsLoads;
    const lyrics = await authorized((server) => server.lyrics(this.id));
    if (load === this.#lyricsLoads) this.lyrics.value = lyrics; // otherwise a later load has newer ones
  }

  /** Load the lines that are certain. Nothing is wrong if they are gone: then the transcription has just ended. */
  async #loadPartialLyrics(): Promise<void> {
    const found = await authorized((server) => server.lyrics(this.id)).catch((error: unknown) => {
      if (error instanceof KaraokeError && error.status === 404) return null;
      throw error;
    });
    const shown = this.lyrics.value?.lines.length ?? 0;
    if (found && found.lines.length > shown && this.job.value?.transcription.partial) this.lyrics.value = found;
  }

  async #loadBeats(): Promise<void> {
    const before = this.#beatsVersion;
    const beats = await authorized((server) => server.beats(this.id));
    if (before === this.#beatsVersion) this.#setBeats(beats); // otherwise they were corrected meanwhile
  }

  #setBeats(beats: Beats): void {
    this.#beatsVersion += 1;
    this.beats.value = beats;
    if (this.player.value) this.player.value.beats.value = beats.beats;
  }
}

function isCancelled(job: JobDocument): boolean {
  return job.error_code === 'cancelled';
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
