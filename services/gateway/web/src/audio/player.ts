import type { Beat, Stem } from '@karaoke/client';
import { effect, signal } from '@preact/signals';

import { type Anchor, pitchShift, positionAt } from './clock';
import { planCountIn } from './count-in';
import { Metronome } from './metronome';
import { createMixer, type Mixer } from './mixer';
import type { Stems } from './stems';
import { createStretch, type Stretch } from './stretch';

const START_SECONDS = 0.06; // lead time so that all stems start at the same sample
const FADE_SECONDS = 0.012;

/** Plays all stems of a song in sync, to the sample. */
export class Player {
  readonly playing = signal(false);
  readonly key = signal(0); // semitones
  readonly speed = signal(1);
  readonly metronome = signal(false);
  readonly countIn = signal(false); // count in before the song starts
  readonly beats = signal<readonly Beat[]>([]);
  readonly problem = signal<string | null>(null);
  readonly mixer: Mixer;
  readonly duration: number;

  readonly #context: AudioContext;
  readonly #stems: Stems;
  readonly #gains = new Map<Stem, GainNode>();
  readonly #mix: GainNode;
  readonly #metronome: Metronome;
  readonly #disposers: (() => void)[] = [];
  #stretch: { node: Stretch; latency: number } | null = null;
  #sources: AudioBufferSourceNode[] = [];
  #anchor: Anchor = { time: 0, position: 0, speed: 1 };
  #delay = 0; // latency of the pitch shift in seconds, while it is in use

  constructor(context: AudioContext, stems: Stems) {
    this.#context = context;
    this.#stems = stems;
    this.#mix = context.createGain();
    this.#mix.connect(context.destination);
    this.#metronome = new Metronome(context, context.destination);
    this.duration = Math.max(...[...stems.values()].map((buffer) => buffer.duration));
    this.mixer = createMixer([...stems.keys()]);
    for (const stem of stems.keys()) this.#addChannel(stem);
    this.#disposers.push(
      effect(() => {
        this.#metronome.audible = this.metronome.value;
      }),
    );
    this.#disposers.push(effect(() => void this.#setPitchAndSpeed(this.key.value, this.speed.value)));
    this.#disposers.push(
      effect(() => {
        if (this.beats.value.length && this.playing.peek()) this.#startMetronome();
      }),
    );
  }

  /** Position in the song of the sound that is heard now, in seconds. */
  get position(): number {
    if (!this.playing.peek()) return this.#anchor.position;
    const heard = this.#context.currentTime - (this.#context.outputLatency || 0) - this.#delay;
    return Math.min(positionAt(this.#anchor, heard), this.duration);
  }

  /** Seconds until the song starts, during the count-in. */
  get untilStart(): number {
    return this.playing.peek() ? Math.max(0, this.#anchor.time + this.#delay - this.#context.currentTime) : 0;
  }

  toggle(): void {
    if (this.playing.peek()) this.pause();
    else void this.play();
  }

  async play(): Promise<void> {
    await this.#context.resume();
    if (this.playing.peek()) return;
    const from = this.#anchor.position >= this.duration - 0.05 ? 0 : this.#anchor.position;
    this.playing.value = true;
    this.#start(from, this.countIn.peek());
  }

  pause(): void {
    const position = this.position;
    this.#stopSources();
    this.playing.value = false;
    this.#anchor = { ...this.#anchor, position };
  }

  seek(seconds: number): void {
    const position = Math.min(Math.max(0, seconds), this.duration);
    if (this.playing.peek()) this.#start(position, false);
    else this.#anchor = { ...this.#anchor, position };
  }

  close(): void {
    this.#stopSources();
    this.playing.value = false;
    for (const dispose of this.#disposers) dispose();
    void this.#context.close();
  }

  #addChannel(stem: Stem): void {
    const gain = this.#context.createGain();
    const level = this.mixer[stem]!.gain;
    gain.gain.value = level.peek();
    gain.connect(this.#mix);
    this.#gains.set(stem, gain);
    this.#disposers.push(
      effect(() => void gain.gain.setTargetAtTime(level.value, this.#context.currentTime, FADE_SECONDS)),
    );
  }

  #start(position: number, withCountIn: boolean): void {
    this.#stopSources();
    const speed = this.speed.peek();
    const count = withCountIn ? planCountIn(this.beats.peek(), position, speed) : null;
    const now = this.#context.currentTime + START_SECONDS;
    const time = now + (count?.seconds ?? 0);
    this.#anchor = { time, position, speed };
    for (const [index, at] of (count?.clicks ?? []).entries()) {
      if (at < count!.seconds - 0.02)
        this.#metronome.tick(now + this.#delay + at, index === 0, this.#context.destination);
    }
    for (const [stem, buffer] of this.#stems) {
      const source = new AudioBufferSourceNode(this.#context, { buffer, playbackRate: speed });
      source.connect(this.#gains.get(stem)!);
      source.start(time, position);
      this.#sources.push(source);
    }
    this.#sources[0]!.onended = () => this.#ended();
    this.#startMetronome();
  }

  #ended(): void {
    this.#stopSources();
    this.playing.value = false;
    this.#anchor = { ...this.#anchor, position: this.duration };
  }

  #stopSources(): void {
    this.#metronome.stop();
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
      source.disconnect();
    }
    this.#sources = [];
  }

  #startMetronome(): void {
    this.#metronome.start(this.beats.peek(), this.#anchor, this.#delay);
  }

  /** Insert the pitch shift into the signal path when it is needed, and restart at the current position. */
  async #setPitchAndSpeed(key: number, speed: number): Promise<void> {
    const shift = pitchShift(key, speed);
    const needsShift = Math.abs(shift) > 0.001;
    if (needsShift && !this.#stretch) {
      try {
        this.#stretch = await createStretch(this.#context);
      } catch {
        this.problem.value = 'This browser cannot change the key or keep it at another speed.';
        return;
      }
      if (key !== this.key.peek() || speed !== this.speed.peek()) return; // changed again while the node was loading
    }
    const position = this.position;
    this.#mix.disconnect();
    if (needsShift && this.#stretch) {
      void this.#stretch.node.schedule({ active: true, semitones: shift });
      this.#mix.connect(this.#stretch.node).connect(this.#context.destination);
    } else {
      this.#stretch?.node.disconnect();
      this.#mix.connect(this.#context.destination);
    }
    this.#delay = needsShift ? this.#stretch!.latency : 0;
    if (this.playing.peek()) this.#start(position, false);
  }
}
