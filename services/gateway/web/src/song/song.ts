import { type Beats, type JobDocument, KaraokeError, type Lyrics, type Peaks } from '@karaoke/client';
import { signal } from '@preact/signals';

import { loadParts } from '../audio/parts';
import { Player } from '../audio/player';
import { inWords } from '../problem';
import { remember } from '../recent';
import { authorized } from '../session';

const SOON_MS = 300;
const AGAIN_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;
/** The server tells of a run that it has accepted within this time, unless it is busy. */
const RUN_STARTS_MS = 2_000;

/** An open song: its job, followed to the end, and what comes of it as soon as it is there. */
export class Song {
  readonly job = signal<JobDocument | null>(null);
  readonly problem = signal<string | null>(null);
  readonly connected = signal(true);
  readonly accepted = signal(false); // another run, of which there is no news yet
  readonly loading = signal<number | null>(null); // share of the sound that is here
  readonly player = signal<Player | null>(null);
  readonly lyrics = signal<Lyrics | null>(null);
  readonly beats = signal<Beats | null>(null);
  readonly peaks = signal<Peaks | null>(null);
  readonly offset = signal(0); // seconds by which the words come later than they say

  readonly #stop = new AbortController();
  #asked = new Set<string>();
  #soundComes = false;

  constructor(readonly id: string) {
    void this.follow();
  }

  /** Until the job is over, in a run after `before`: what sets a job going once more is told of a little later. */
  async follow(before = -1): Promise<void> {
    this.problem.value = null;
    const since = Date.now();
    const onConnection = (connected: boolean) => (this.connected.value = connected);
    try {
      await authorized(async (server) => {
        let come = before < 0;
        for (let wait = SOON_MS; ; wait = Math.min(1.5 * wait, AGAIN_MS)) {
          if (!come) await pause(wait);
          for await (const job of server.follow(this.id, { signal: this.#stop.signal, onConnection })) {
            come ||= job.run > before || isCancelled(job);
            this.accepted.value = !come && Date.now() > since + RUN_STARTS_MS;
            if (come) this.#take(job);
          }
          if (come || this.#stop.signal.aborted) return;
        }
      });
    } catch (error) {
      this.accepted.value = false;
      if (!this.#stop.signal.aborted) this.problem.value = inWords(error);
    }
  }

  async retry(): Promise<void> {
    try {
      await authorized((server) => server.retry(this.id));
      await this.follow(this.job.value?.run);
    } catch (error) {
      this.problem.value = inWords(error);
    }
  }

  /** Rejects with KaraokeError when the words are refused. */
  async setLyrics(text: string): Promise<void> {
    await authorized((server) => server.setLyrics(this.id, text));
    void this.follow(this.job.value?.run);
  }

  close(): void {
    this.#stop.abort();
    this.player.value?.close();
  }

  #take(job: JobDocument): void {
    if (this.#stop.signal.aborted) return;
    this.job.value = job;
    if (job.name && !isCancelled(job)) remember(this.id, job.name);
    const { stem_separation: stems, transcription: words, beat_analysis: rhythm } = job;
    if (stems.status === 'completed') void this.#soundOnce(job);
    if (words.status === 'completed') void this.#once(`words ${job.run} ${words.attempt}`, () => this.#loadLyrics());
    if (rhythm.status === 'completed') void this.#once(`beats ${rhythm.refined}`, () => this.#loadBeats());
  }

  /** The parts do not change once they are there: what later runs tell of them matters only if they could not be loaded. */
  async #soundOnce(job: JobDocument): Promise<void> {
    if (this.#soundComes || this.player.value) return;
    this.#soundComes = true;
    await this.#once(`sound ${job.run} ${job.stem_separation.attempt}`, () => this.#loadSound(job));
    this.#soundComes = false;
  }

  /** Loads something unless that was done; outages are waited out. */
  async #once(what: string, load: () => Promise<void>): Promise<void> {
    if (this.#asked.has(what)) return;
    this.#asked.add(what);
    for (let wait = AGAIN_MS; !this.#stop.signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        await load();
        this.connected.value = true;
        return;
      } catch (error) {
        this.loading.value = null;
        if (this.#stop.signal.aborted) return;
        if (!(error instanceof KaraokeError && error.passes)) {
          this.problem.value = inWords(error);
          return;
        }
        this.connected.value = false;
        await pause(wait);
      }
    }
  }

  async #loadSound(job: JobDocument): Promise<void> {
    this.loading.value = 0;
    const context = new AudioContext({ sampleRate: 44_100, latencyHint: 'playback' });
    const show = (share: number) => (this.loading.value = share);
    const parts = await authorized((server) => loadParts(server, job, context, this.#stop.signal, show)).catch(
      (error: unknown) => {
        void context.close();
        throw error;
      },
    );
    if (this.#stop.signal.aborted) return void context.close();
    const player = new Player(context, parts);
    player.beats.value = this.beats.value?.beats ?? [];
    this.player.value = player;
    this.loading.value = null;
    void this.#once('peaks', () => this.#loadPeaks());
  }

  async #loadPeaks(): Promise<void> {
    this.peaks.value = await authorized((server) => server.peaks(this.id, 'instrumental'));
  }

  async #loadLyrics(): Promise<void> {
    this.lyrics.value = await authorized((server) => server.lyrics(this.id));
  }

  async #loadBeats(): Promise<void> {
    this.beats.value = await authorized((server) => server.beats(this.id));
    if (this.player.value) this.player.value.beats.value = this.beats.value.beats;
  }
}

function isCancelled(job: JobDocument): boolean {
  return job.error_code === 'cancelled';
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
