import type { Beat } from '@karaoke/client';

export interface CountIn {
  /** Time from the first click to the start of the song. */
  readonly seconds: number;
  /** Times of the clicks in seconds after the first one. */
  readonly clicks: readonly number[];
}

/** Return one bar of clicks that lead to the first beat at or after `position`, or null when the beats are unknown. */
export function planCountIn(beats: readonly Beat[], position: number, speed: number): CountIn | null {
  const at = beats.findIndex(({ time }) => time >= position - 0.01);
  const from = at >= 0 ? at : beats.length - 1;
  const period = (beats[from + 1]?.time ?? NaN) - (beats[from]?.time ?? NaN) || lastPeriod(beats);
  if (!period) return null;
  const beatsInBar = Math.max(0, ...beats.slice(0, 24).map((beat) => beat.position ?? 0));
  const count = beatsInBar ? Math.max(2, beatsInBar) : 4;
  const lead = (beats[from]!.time - position) / speed;
  // Far from any beat there is no upbeat: the song starts right after the bar.
  const upbeat = lead >= 0 && lead < (2 * period) / speed ? lead : 0;
  const clicks = Array.from({ length: count }, (_, index) => (index * period) / speed);
  return { clicks, seconds: Math.max(0.05, (count * period) / speed - upbeat) };
}

/** Return the distance between the last two beats in seconds. */
function lastPeriod(beats: readonly Beat[]): number {
  return beats.length > 1 ? beats.at(-1)!.time - beats.at(-2)!.time : 0;
}
