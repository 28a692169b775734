import type { Chord } from '@karaoke/client';

const NAMES = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B'];
/** Below it a chord is more of a guess than a help. */
const LEAST_CONFIDENCE = 0.4;

/** What is played at a time (seconds), and what comes after it; null for none, or none to be sure of. */
export function chordsAt(chords: readonly Chord[], seconds: number): [now: string | null, next: string | null] {
  const sure = chords.filter(({ label, confidence }) => label !== 'N' && confidence >= LEAST_CONFIDENCE);
  const now = sure.find(({ start, end }) => start <= seconds && seconds < end)?.label ?? null;
  const next = sure.find(({ start, label }) => start > seconds && label !== now)?.label ?? null;
  return [now, next];
}

/** A chord as many semitones higher. */
export function transposed(label: string, semitones: number): string {
  const root = /^[A-G][b#]?/.exec(label)?.[0] ?? '';
  const at = NAMES.indexOf(root);
  return at < 0 ? label : NAMES[(((at + semitones) % 12) + 12) % 12] + label.slice(root.length);
}
