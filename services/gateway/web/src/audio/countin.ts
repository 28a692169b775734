import type { Beat } from '@karaoke/client';

export interface CountIn {
  /** From the first click to where the song starts. */
  readonly seconds: number;
  /** Of each click, from the first. */
  readonly clicks: readonly number[];
}

/** One bar of clicks that lead into the first beat from `position` on; nothing when the beats are not known. */
export function countIn(beats: readonly Beat[], position: number, speed: number): CountIn | null {
  const at = beats.findIndex(({ time }) => time >= position - 0.01);
  const from = at >= 0 ? at : beats.length - 1;
  const period = (beats[from + 1]?.time ?? NaN) - (beats[from]?.time ?? NaN) || last(beats);
  if (!period) return null;
  const counted = Math.max(0, ...beats.slice(0, 24).map((beat) => beat.position ?? 0));
  const bar = counted ? Math.max(2, counted) : 4;
  const lead = (beats[from]!.time - position) / speed;
  const near = lead >= 0 && lead < (2 * period) / speed ? lead : 0; // far from any beat: straight into the song
  const clicks = Array.from({ length: bar }, (_, index) => (index * period) / speed);
  return { clicks, seconds: Math.max(0.05, (bar * period) / speed - near) };
}

function last(beats: readonly Beat[]): number {
  return beats.length > 1 ? beats.at(-1)!.time - beats.at(-2)!.time : 0;
}
