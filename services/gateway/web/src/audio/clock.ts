/** Maps time of the audio context to position in the song, both in seconds. */
export interface Anchor {
  readonly time: number;
  readonly position: number;
  readonly speed: number;
}

/** Return the position in the song at a time. Before the anchor's time (the count-in) the song waits. */
export function positionAt(anchor: Anchor, time: number): number {
  return anchor.position + Math.max(0, time - anchor.time) * anchor.speed;
}

/** Return the time at which the song reaches a position. */
export function timeAt(anchor: Anchor, position: number): number {
  return anchor.time + (position - anchor.position) / anchor.speed;
}

/** Return the pitch shift in semitones that makes a song played at `speed` sound `key` semitones higher. */
export function pitchShift(key: number, speed: number): number {
  return key - 12 * Math.log2(speed);
}
