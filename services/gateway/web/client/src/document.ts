/** What the API tells: types of its own OpenAPI document, and of the files beside it. */

import type { components } from './schema.js';

export type JobDocument = components['schemas']['JobDocument'];
export type JobLinks = components['schemas']['JobLinks'];
export type Task = 'stem_separation' | 'transcription' | 'beat_analysis';
export type Stem = 'vocals' | 'drums' | 'bass' | 'other' | 'instrumental';

/** Times are seconds from the start of the song. */
export interface Word {
  text: string;
  start: number;
  end: number;
  confidence: number | null;
  /** Whether the time is a guess. */
  estimated: boolean;
}

export interface Line {
  text: string;
  start: number;
  end: number;
  words: Word[];
  confidence: number | null;
  /** Where it begins: bar 1 is that of the first downbeat; beats from 1, in quarters. Null without beats. */
  bar: number | null;
  beat: number | null;
}

export interface Lyrics {
  language: string | null;
  lines: Line[];
  source: 'heard' | 'given';
  /** Null where the user named the language. */
  language_probability: number | null;
  /** Why there are no words. */
  note: string | null;
}

export interface Beat {
  time: number;
  /** In the bar; 1 is the downbeat, null where bars are too uncertain. */
  position: number | null;
}

/** Of one bar. */
export interface Chord {
  start: number;
  end: number;
  /** `D`, `Bm`, `A7`; `N` for none. */
  label: string;
  confidence: number;
}

export interface Beats {
  /** Whether the drums alone were listened to, too; until then better beats may come. */
  refined: boolean;
  tempo_bpm: number | null;
  time_signature: string | null;
  beats: Beat[];
  key: string | null;
  chords: Chord[];
}

/** audiowaveform's data format, version 2. */
export interface Peaks {
  sample_rate: number;
  samples_per_pixel: number;
  length: number;
  /** Lowest and highest of each pixel in turn, -128 to 127. */
  data: number[];
}

export interface Options {
  tasks?: Task[];
  language?: string;
  model?: string;
  format?: 'wav' | 'flac' | 'mp3' | 'opus';
  /** Own text, to be put in time instead of what is heard. */
  lyrics?: string;
  callback_url?: string;
}

/** Whether nothing more will happen to it. */
export function isOver(job: JobDocument): boolean {
  return job.status === 'completed' || job.status === 'failed';
}
