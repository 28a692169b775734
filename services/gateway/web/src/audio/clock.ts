/** Where in the song the sound is at a time of the audio context; both in seconds. */
export interface Anchor {
  readonly time: number;
  readonly position: number;
  readonly speed: number;
}

/** Before the anchor's time the song waits at its position: that is the count-in. */
export function positionAt(anchor: Anchor, time: number): number {
  return anchor.position + Math.max(0, time - anchor.time) * anchor.speed;
}

export function timeOf(anchor: Anchor, position: number): number {
  return anchor.time + (position - anchor.position) / anchor.speed;
}

/** By how much the mix is to be shifted so that it sounds `key` semitones from the song, played at `speed`. */
export function semitones(key: number, speed: number): number {
  return key - 12 * Math.log2(speed);
}
