import { expect, test } from 'vitest';

import { chordsAt, transposed } from './chords';

const chord = (start: number, label: string, confidence = 0.9) => ({ start, end: start + 2, label, confidence });
const chords = [chord(1, 'D'), chord(3, 'D'), chord(5, 'A7'), chord(7, 'N'), chord(9, 'G', 0.2), chord(11, 'Bm')];

test('a chord is shown for its whole duration, with the next different chord', () => {
  expect([1, 2.99, 3, 5].map((seconds) => chordsAt(chords, seconds))).toEqual([
    ['D', 'A7'],
    ['D', 'A7'],
    ['D', 'A7'],
    ['A7', 'Bm'],
  ]);
});

test('no chord is shown before the first, after the last, and where the chord is uncertain', () => {
  expect([0, 8, 10, 13].map((seconds) => chordsAt(chords, seconds))).toEqual([
    [null, 'D'],
    [null, 'Bm'],
    [null, 'Bm'],
    [null, null],
  ]);
});

test('chords are transposed to the chosen key', () => {
  expect(['D', 'Bm', 'F#m', 'Bb7'].map((label) => transposed(label, 3))).toEqual(['F', 'Dm', 'Am', 'Db7']);
  expect(transposed('C', -1)).toBe('B');
  expect(transposed('D', -12)).toBe('D');
});
