/** Types of the API's JSON: the job document, from OpenAPI, and the result files, which OpenAPI does not describe. */

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
  /** Null for a word that a user edited. */
  confidence: number | null;
  /** True when the time is estimated instead of recognised. */
  estimated: boolean;
  /** Missing in files of earlier versions. */
  origin?: 'heard' | 'given' | 'found' | 'estimated' | 'edited';
  /** True when the word, or the time of a word of your own lyrics, is probably wrong. Missing in earlier files. */
  doubtful?: boolean;
  /** False when no space precedes the word. Missing in files of earlier versions. */
  spaced?: boolean;
}

export interface Line {
  text: string;
  start: number;
  end: number;
  /** Direction in which the line is written. Missing in files of earlier versions. */
  dir?: 'ltr' | 'rtl';
  /** Its reading in Latin letters; only in Chinese, Japanese and Korean, if the server makes readings. */
  romanised?: string;
  words: Word[];
  confidence: number | null;
  /** Expected share of its words that are wrong, 0 to 1. Missing in files of earlier versions. */
  review?: number;
  /** True when it has a doubtful word. Missing in files of earlier versions. */
  doubtful?: boolean;
  /** Bar in which the line starts; bar 1 starts at the first downbeat. Null without beats. */
  bar: number | null;
  /** Beat in the bar at which the line starts, from 1, in steps of a quarter of a beat. Null without beats. */
  beat: number | null;
}

export interface Lyrics {
  language: string | null;
  lines: Line[];
  /** `found`: in a public collection, at `found_at`. */
  source: 'heard' | 'given' | 'found';
  /** Only if `source` is `found`. */
  found_at?: { server: string; entry: number; url: string };
  /** Expected share of the words that are wrong, 0 to 1; follows corrections. Missing in files of earlier versions. */
  review?: number;
  /** Number of lines with a doubtful word. Missing in files of earlier versions. */
  doubtful_line_count?: number;
  /** True when a user corrected words or times. Missing in files of earlier versions. */
  corrected?: boolean;
  /** True while the song is transcribed: more lines follow. Missing in files of earlier versions. */
  partial?: boolean;
  /** Number of the request that gave lines of this version new times; missing in other versions. */
  aligned?: number;
  /** Null when the user named the language. */
  language_probability: number | null;
  /** The reason when there are no words, or a remark about the times of given ones or the place of found ones. */
  note: string | null;
}

/** Lyrics as a user edits them. Everything else follows from the words. */
export interface EditedLyrics {
  lines: { words: Pick<Word, 'text' | 'start' | 'end' | 'spaced'>[] }[];
}

/** A line to align that gets new words. */
export interface ReplacedLine {
  /** Index in the lyrics, from 0. */
  index: number;
  /** The new words, separated by spaces. */
  text: string;
}

/** A version of the lyrics that can be corrected. */
export interface LyricsVersion {
  lyrics: Lyrics;
  /** Send it with a correction, so that nobody else's is overwritten. */
  etag: string | null;
}

export interface Beat {
  time: number;
  /** Position in the bar: 1 is the downbeat. Null when the bars are too uncertain. */
  position: number | null;
}

/** The chord of one bar. */
export interface Chord {
  start: number;
  end: number;
  /** Such as `D`, `Bm` or `A7`; `N` for no chord. */
  label: string;
  confidence: number;
}

export interface BeatCorrection {
  /** Keep every other beat, or add a beat halfway between two. */
  tempo?: 'half' | 'double' | null;
  /** Seconds of a beat that starts a bar. */
  first_downbeat?: number | null;
  time_signature?: '2/4' | '3/4' | '4/4' | '5/4' | '6/4' | '7/4' | '6/8' | '7/8' | '9/8' | '12/8' | null;
}

/** `start` is in seconds. */
export interface Bar {
  start: number;
  time_signature: string;
}

export interface Beats {
  /** True when a user corrected how the beats are counted. Missing in files of earlier versions. */
  corrected?: boolean;
  /** What the user corrected; missing when nothing was. */
  correction?: BeatCorrection;
  /** True when the separated drums were analysed too. Until then, better beats may replace these. */
  refined: boolean;
  tempo_bpm: number | null;
  time_signature: string | null;
  beats: Beat[];
  /** From the first downbeat on. Missing in files of earlier versions. */
  bars?: Bar[];
  key: string | null;
  chords: Chord[];
}

/** Peaks of a waveform in audiowaveform's data format, version 2. */
export interface Peaks {
  sample_rate: number;
  samples_per_pixel: number;
  length: number;
  /** Alternating minimum and maximum of each pixel, -128 to 127. */
  data: number[];
}

export interface Options {
  tasks?: Task[];
  language?: string;
  model?: string;
  format?: 'wav' | 'flac' | 'mp3' | 'opus';
  /** The user's own lyrics, to be aligned instead of the recognised words. */
  lyrics?: string;
  callback_url?: string;
}

/** Return whether the job has ended: only corrections, refined beats or another run change it after that. */
export function isFinished(job: JobDocument): boolean {
  return job.status === 'completed' || job.status === 'failed';
}
