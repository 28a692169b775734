import type { Beat } from '@karaoke/client';

import { type Anchor, timeAt } from './clock';

/** Clicks are scheduled this long before they sound. */
const AHEAD_SECONDS = 0.6;
const EVERY_MS = 200;

/** Clicks on the song's beats. */
export class Metronome {
  readonly #context: AudioContext;
  readonly #out: GainNode;
  readonly #sounds: OscillatorNode[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(context: AudioContext, out: AudioNode) {
    this.#context = context;
    this.#out = context.createGain();
    this.#out.connect(out);
  }

  /** Mutes or unmutes the clicks from now on. */
  set audible(audible: boolean) {
    this.#out.gain.setTargetAtTime(audible ? 0.5 : 0, this.#context.currentTime, 0.01);
  }

  /** Click on every beat from the anchor on. `delay` is the latency of the song's sound in seconds. */
  start(beats: readonly Beat[], anchor: Anchor, delay: number): void {
    let next = beats.findIndex(({ time }) => time >= anchor.position - 0.01);
    const schedule = () => {
      for (; next >= 0 && next < beats.length; next += 1) {
        const beat = beats[next]!;
        const time = timeAt(anchor, beat.time) + delay;
        if (time > this.#context.currentTime + AHEAD_SECONDS) return;
        if (time >= this.#context.currentTime) this.tick(time, beat.position === 1, this.#out);
      }
    };
    clearInterval(this.#timer);
    this.#timer = setInterval(schedule, EVERY_MS);
    schedule();
  }

  /** Schedule one click at `time`, in seconds of the audio context. */
  tick(time: number, strong: boolean, out: AudioNode): void {
    const sound = this.#context.createOscillator();
    const fade = this.#context.createGain();
    sound.frequency.value = strong ? 1760 : 1175;
    fade.gain.setValueAtTime(strong ? 0.9 : 0.6, time);
    fade.gain.exponentialRampToValueAtTime(0.001, time + 0.06);
    sound.connect(fade).connect(out);
    sound.start(time);
    sound.stop(time + 0.07);
    this.#sounds.push(sound);
    sound.addEventListener('ended', () => this.#sounds.splice(this.#sounds.indexOf(sound), 1));
  }

  /** Stop, and cancel the clicks that are already scheduled. */
  stop(): void {
    clearInterval(this.#timer);
    for (const sound of [...this.#sounds]) sound.stop();
  }
}
