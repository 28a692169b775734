import type { Beat } from '@karaoke/client';
import { effect, signal } from '@preact/signals';

import { Click } from './click';
import { type Anchor, positionAt, semitones } from './clock';
import { countIn } from './countin';
import { type Mixer, mixer, type Part } from './mixer';
import type { Parts } from './parts';
import { createStretch, type Stretch } from './stretch';

const START_SECONDS = 0.06; // so that all parts are ready to start at one sample
const FADE_SECONDS = 0.012;

/** All parts of a song, started together to the sample. */
export class Player {
  readonly playing = signal(false);
  readonly key = signal(0); // semitones
  readonly speed = signal(1);
  readonly click = signal(false);
  readonly counting = signal(false); // whether to count in before the song
  readonly beats = signal<readonly Beat[]>([]);
  readonly problem = signal<string | null>(null);
  readonly mixer: Mixer;
  readonly duration: number;

  readonly #context: AudioContext;
  readonly #parts: Parts;
  readonly #gains = new Map<Part, GainNode>();
  readonly #mix: GainNode;
  readonly #click: Click;
  readonly #ends: (() => void)[] = [];
  #stretch: { node: Stretch; latency: number } | null = null;
  #sources: AudioBufferSourceNode[] = [];
  #anchor: Anchor = { time: 0, position: 0, speed: 1 };
  #delay = 0; // of the stretching, while it is in use

  constructor(context: AudioContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
    this.#mix = context.createGain();
    this.#mix.connect(context.destination);
    this.#click = new Click(context, context.destination);
    this.duration = Math.max(...[...parts.values()].map((buffer) => buffer.duration));
    this.mixer = mixer([...parts.keys()]);
    for (const part of parts.keys()) this.#open(part);
    this.#ends.push(
      effect(() => {
        this.#click.audible = this.click.value;
      }),
    );
    this.#ends.push(effect(() => void this.#tune(this.key.value, this.speed.value)));
    this.#ends.push(
      effect(() => {
        if (this.beats.value.length && this.playing.peek()) this.#clickAlong();
      }),
    );
  }

  /** Where the song is that is being heard, in seconds. */
  get position(): number {
    if (!this.playing.peek()) return this.#anchor.position;
    const heard = this.#context.currentTime - (this.#context.outputLatency || 0) - this.#delay;
    return Math.min(positionAt(this.#anchor, heard), this.duration);
  }

  /** Seconds until the song itself starts, while it is counted in. */
  get lead(): number {
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
    this.#start(from, this.counting.peek());
  }

  pause(): void {
    const position = this.position;
    this.#silence();
    this.playing.value = false;
    this.#anchor = { ...this.#anchor, position };
  }

  seek(seconds: number): void {
    const position = Math.min(Math.max(0, seconds), this.duration);
    if (this.playing.peek()) this.#start(position, false);
    else this.#anchor = { ...this.#anchor, position };
  }

  close(): void {
    this.#silence();
    this.playing.value = false;
    for (const end of this.#ends) end();
    void this.#context.close();
  }

  #open(part: Part): void {
    const gain = this.#context.createGain();
    const level = this.mixer[part]!.gain;
    gain.gain.value = level.peek();
    gain.connect(this.#mix);
    this.#gains.set(part, gain);
    this.#ends.push(effect(() => void gain.gain.setTargetAtTime(level.value, this.#context.currentTime, FADE_SECONDS)));
  }

  #start(position: number, counted: boolean): void {
    this.#silence();
    const speed = this.speed.peek();
    const count = counted ? countIn(this.beats.peek(), position, speed) : null;
    const now = this.#context.currentTime + START_SECONDS;
    const time = now + (count?.seconds ?? 0);
    this.#anchor = { time, position, speed };
    for (const [index, at] of (count?.clicks ?? []).entries()) {
      if (at < count!.seconds - 0.02) this.#click.tick(now + this.#delay + at, index === 0, this.#context.destination);
    }
    for (const [part, buffer] of this.#parts) {
      const source = new AudioBufferSourceNode(this.#context, { buffer, playbackRate: speed });
      source.connect(this.#gains.get(part)!);
      source.start(time, position);
      this.#sources.push(source);
    }
    this.#sources[0]!.onended = () => this.#ended();
    this.#clickAlong();
  }

  #ended(): void {
    this.#silence();
    this.playing.value = false;
    this.#anchor = { ...this.#anchor, position: this.duration };
  }

  #silence(): void {
    this.#click.stop();
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
      source.disconnect();
    }
    this.#sources = [];
  }

  #clickAlong(): void {
    this.#click.follow(this.beats.peek(), this.#anchor, this.#delay);
  }

  /** Puts the stretching between the mix and the ear when it is needed, and starts anew from where the song is. */
  async #tune(key: number, speed: number): Promise<void> {
    const shift = semitones(key, speed);
    const needed = Math.abs(shift) > 0.001;
    if (needed && !this.#stretch) {
      try {
        this.#stretch = await createStretch(this.#context);
      } catch {
        this.problem.value = 'This browser cannot change the key or keep it at another speed.';
        return;
      }
      if (key !== this.key.peek() || speed !== this.speed.peek()) return; // changed again meanwhile
    }
    const position = this.position;
    this.#mix.disconnect();
    if (needed && this.#stretch) {
      void this.#stretch.node.schedule({ active: true, semitones: shift });
      this.#mix.connect(this.#stretch.node).connect(this.#context.destination);
    } else {
      this.#stretch?.node.disconnect();
      this.#mix.connect(this.#context.destination);
    }
    this.#delay = needed ? this.#stretch!.latency : 0;
    if (this.playing.peek()) this.#start(position, false);
  }
}
