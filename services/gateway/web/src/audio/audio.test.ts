import { expect, test } from 'vitest';

import { pitchShift, positionAt, timeAt } from './clock';
import { planCountIn } from './count-in';
import { createMixer } from './mixer';

const beats = Array.from({ length: 16 }, (_, at) => ({ time: 1 + at * 0.5, position: (at % 4) + 1 }));

test('the song waits at its position until the start time, then plays at its speed', () => {
  const anchor = { time: 10, position: 30, speed: 0.5 };
  expect([9, 10, 12].map((time) => positionAt(anchor, time))).toEqual([30, 30, 31]);
  expect(timeAt(anchor, 31)).toBe(12);
});

test('half the speed lowers the mix by an octave, and the pitch shift corrects that', () => {
  expect(pitchShift(0, 1)).toBe(0);
  expect(pitchShift(2, 0.5)).toBe(14);
});

test('one bar is counted in, and the first beat falls where the next click would be', () => {
  const { clicks, seconds } = planCountIn(beats, 0.75, 1)!;
  expect(clicks).toEqual([0, 0.5, 1, 1.5]);
  expect(seconds + (1 - 0.75)).toBeCloseTo(2);
  expect(planCountIn([], 0, 1)).toBeNull();
});

test('solo silences the other channels, overrides mute, and restores both when it ends', () => {
  const { vocals, bass } = createMixer(['vocals', 'bass']);
  expect([vocals!.gain.value, bass!.gain.value]).toEqual([0, 1]);
  vocals!.solo.value = true;
  expect([vocals!.gain.value, bass!.gain.value]).toEqual([0.8, 0]);
  vocals!.solo.value = false;
  expect([vocals!.gain.value, bass!.gain.value]).toEqual([0, 1]);
});
