import type { Beat, Peaks } from '@karaoke/client';

import type { Player } from '../audio/player';

const BAR_WIDTH = 3; // CSS pixels, including the gap
const BEATS_HEIGHT = 9; // CSS pixels, the row of beat marks

/**
 * Draws a waveform with beat marks, in one colour before the current position and another after it.
 * Paints both colours once, and at every frame copies the visible part of each.
 */
export class WaveformPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #peaks: Peaks | null;
  readonly #beats: readonly Beat[];
  readonly #player: Player;
  readonly #dark = window.matchMedia('(prefers-color-scheme: dark)');
  readonly #resized = new ResizeObserver(() => this.#paint());
  #played = document.createElement('canvas');
  #unplayed = document.createElement('canvas');
  #cursorColour = '';
  #frame = 0;
  #drawnX = -1;

  constructor(canvas: HTMLCanvasElement, peaks: Peaks | null, beats: readonly Beat[], player: Player) {
    this.#canvas = canvas;
    this.#peaks = peaks;
    this.#beats = beats;
    this.#player = player;
    this.#resized.observe(canvas);
    this.#dark.addEventListener('change', this.#paint);
    this.#update();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#resized.disconnect();
    this.#dark.removeEventListener('change', this.#paint);
  }

  #paint = (): void => {
    const scale = devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const style = getComputedStyle(this.#canvas);
    this.#cursorColour = style.getPropertyValue('--ink');
    this.#canvas.width = width * scale;
    this.#canvas.height = height * scale;
    this.#unplayed = this.#drawWaveform(width, height, scale, style.getPropertyValue('--wave'));
    this.#played = this.#drawWaveform(width, height, scale, style.getPropertyValue('--accent'));
    this.#drawnX = -1;
  };

  #drawWaveform(width: number, height: number, scale: number, colour: string): HTMLCanvasElement {
    const canvas = Object.assign(document.createElement('canvas'), { width: width * scale, height: height * scale });
    const pen = canvas.getContext('2d')!;
    pen.scale(scale, scale);
    pen.fillStyle = colour;
    const barsHeight = height - BEATS_HEIGHT - 2;
    const bars = Math.floor(width / BAR_WIDTH);
    const heights = loudness(this.#peaks, bars);
    for (const [at, loud] of heights.entries()) {
      const tall = Math.max(2, loud * barsHeight);
      pen.beginPath();
      pen.roundRect(at * BAR_WIDTH, (barsHeight - tall) / 2, BAR_WIDTH - 1, tall, 1);
      pen.fill();
    }
    for (const { time, position } of this.#beats) {
      const tall = position === 1 ? BEATS_HEIGHT : BEATS_HEIGHT / 2;
      pen.globalAlpha = position === 1 ? 1 : 0.6;
      pen.fillRect((time / this.#player.duration) * width - 0.5, height - tall, position === 1 ? 2 : 1, tall);
    }
    return canvas;
  }

  #update = (): void => {
    this.#frame = requestAnimationFrame(this.#update);
    const { width, height } = this.#canvas;
    const x = Math.round((this.#player.position / this.#player.duration) * width);
    if (x === this.#drawnX || !width || !height) return;
    this.#drawnX = x;
    const pen = this.#canvas.getContext('2d')!;
    pen.clearRect(0, 0, width, height);
    if (x > 0) pen.drawImage(this.#played, 0, 0, x, height, 0, 0, x, height);
    if (x < width) pen.drawImage(this.#unplayed, x, 0, width - x, height, x, 0, width - x, height);
    pen.fillStyle = this.#cursorColour;
    pen.fillRect(
      Math.min(Math.max(0, x - devicePixelRatio), width - 2 * devicePixelRatio),
      0,
      2 * devicePixelRatio,
      height,
    );
  };
}

/** Return the height of each bar, 0 to 1; the loudest is 1. */
function loudness(peaks: Peaks | null, bars: number): number[] {
  if (!peaks) return Array<number>(bars).fill(0);
  const each = Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    let high = 0;
    for (let at = from; at < to; at += 1)
      high = Math.max(high, (peaks.data[2 * at + 1] ?? 0) - (peaks.data[2 * at] ?? 0));
    return high;
  });
  const highest = Math.max(1, ...each);
  return each.map((high) => high / highest);
}
