import { expect, test } from 'vitest';

import { positionAt, semitones, timeOf } from './clock';
import { countIn } from './countin';
import { mixer } from './mixer';

const beats = Array.from({ length: 16 }, (_, at) => ({ time: 1 + at * 0.5, position: (at % 4) + 1 }));

test('the song waits at its place until its time has come, then goes at its speed', () => {
  const anchor = { time: 10, position: 30, speed: 0.5 };
  expect([9, 10, 12].map((time) => positionAt(anchor, time))).toEqual([30, 30, 31]);
  expect(timeOf(anchor, 31)).toBe(12);
});

test('at half the speed the mix is an octave too low, which the shift undoes', () => {
  expect(semitones(0, 1)).toBe(0);
  expect(semitones(2, 0.5)).toBe(14);
});

test('a bar is counted in, and the first beat falls where the next click would be', () => {
  const { clicks, seconds } = countIn(beats, 0.75, 1)!;
  expect(clicks).toEqual([0, 0.5, 1, 1.5]);
  expect(seconds + (1 - 0.75)).toBeCloseTo(2);
  expect(countIn([], 0, 1)).toBeNull();
});

test('solo silences the others, is stronger than mute, and leaves all as they were', () => {
  const { vocals, bass } = mixer(['vocals', 'bass']);
  expect([vocals!.gain.value, bass!.gain.value]).toEqual([0, 1]);
  vocals!.solo.value = true;
  expect([vocals!.gain.value, bass!.gain.value]).toEqual([0.8, 0]);
  vocals!.solo.value = false;
  expect([vocals!.gain.value, bass!.gain.value]).toEqual([0, 1]);
});
