import type { Peaks } from '@karaoke/client';

import type { Parts } from '../audio/parts';

const PIXELS = 1500;

/** The music's peaks, from its decoded parts: for a server that does not tell them. */
export function measure(parts: Parts): Peaks {
  const music = [...parts].flatMap(([part, buffer]) => (part === 'vocals' ? [] : [buffer]));
  const length = Math.max(...music.map((buffer) => buffer.length));
  const step = Math.ceil(length / PIXELS);
  const channels = music.map((buffer) => buffer.getChannelData(0));
  const data: number[] = [];
  for (let start = 0; start < length; start += step) {
    let [low, high] = [0, 0];
    for (let at = start; at < start + step; at += 4) {
      const value = channels.reduce((sum, channel) => sum + (channel[at] ?? 0), 0);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    data.push(Math.max(-128, Math.round(low * 128)), Math.min(127, Math.round(high * 127)));
  }
  return { sample_rate: music[0]?.sampleRate ?? 44_100, samples_per_pixel: step, length: data.length / 2, data };
}
