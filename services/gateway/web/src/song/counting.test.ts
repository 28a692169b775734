import { expect, test } from 'vitest';

import { changed, nearestBeat } from './counting';

test('a change keeps what was corrected before, and may take a part of it back', () => {
  expect(changed(undefined, { tempo: 'half' })).toEqual({ tempo: 'half' });
  expect(changed({ tempo: 'half' }, { time_signature: '3/4' })).toEqual({ tempo: 'half', time_signature: '3/4' });
  expect(changed({ tempo: 'half', first_downbeat: 0 }, { tempo: null })).toEqual({ tempo: null, first_downbeat: 0 });
});

test('taking the last part back leaves no correction', () => {
  expect(changed({ tempo: 'half', time_signature: null }, { tempo: null })).toBeNull();
});

test('the beat at the playhead is the nearest one', () => {
  const beats = [0.5, 1, 1.5].map((time) => ({ time, position: null }));
  expect([0, 0.7, 0.8, 1.2, 9].map((seconds) => nearestBeat(beats, seconds))).toEqual([0.5, 0.5, 1, 1, 1.5]);
});
