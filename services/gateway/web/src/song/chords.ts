import type { Chord } from '@karaoke/client';

const NAMES = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B'];
/** Chords with a lower confidence are not shown. */
const MIN_CONFIDENCE = 0.4;

/** Return the chord at a time and the next different one; null for no chord or an uncertain one. */
export function chordsAt(chords: readonly Chord[], seconds: number): [now: string | null, next: string | null] {
  const certain = chords.filter(({ label, confidence }) => label !== 'N' && confidence >= MIN_CONFIDENCE);
  const now = certain.find(({ start, end }) => start <= seconds && seconds < end)?.label ?? null;
  const next = certain.find(({ start, label }) => start > seconds && label !== now)?.label ?? null;
  return [now, next];
}

/** Return the label of the chord that is `semitones` higher. */
export function transposed(label: string, semitones: number): string {
  const root = /^[A-G][b#]?/.exec(label)?.[0] ?? '';
  const at = NAMES.indexOf(root);
  return at < 0 ? label : NAMES[(((at + semitones) % 12) + 12) % 12] + label.slice(root.length);
}
