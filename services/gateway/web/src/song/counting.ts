import type { Beat, BeatCorrection } from '@karaoke/client';

export const METRES = ['2/4', '3/4', '4/4', '5/4', '6/4', '7/4', '6/8', '7/8', '9/8', '12/8'] as const;

/** Return the correction with `change` applied; null when nothing is left to correct. */
export function changed(correction: BeatCorrection | undefined, change: BeatCorrection): BeatCorrection | null {
  const next = { ...correction, ...change };
  return Object.values(next).some((value) => value != null) ? next : null;
}

/** Return the time of the beat that is nearest to `seconds`. */
export function nearestBeat(beats: readonly Beat[], seconds: number): number {
  const distance = ({ time }: Beat) => Math.abs(time - seconds);
  return beats.reduce((best, beat) => (distance(beat) < distance(best) ? beat : best)).time;
}
