/** A job's results: players, words, rhythm and downloads, each shown once, as soon as it is there. */

import { Lyrics } from './lyrics.js';

const STEMS = { instrumental: 'Instrumental', vocals: 'Voice', drums: 'Drums', bass: 'Bass', other: 'Other instruments' };
const FILES = {
  lrc_path: 'Lyrics (LRC)',
  srt_path: 'Lyrics (SRT)',
  vtt_path: 'Lyrics (VTT)',
  transcription_path: 'Lyrics (JSON)',
  beats_path: 'Beats (JSON)',
};

const element = (id) => document.getElementById(id);
let shown = new Set(); // paths of the present job
let lyrics = null;

/** Adds what `job` has and the page has not; null clears the page for another job. */
export function showResults(job) {
  if (!job) {
    shown = new Set();
    lyrics = null;
    for (const id of ['players', 'files', 'lyrics']) element(id).replaceChildren();
    for (const id of ['results', 'rhythm', 'lyrics']) element(id).hidden = true;
    return;
  }
  for (const [stem, label] of Object.entries(STEMS)) {
    once(job.stem_separation[`${stem}_path`], (path) => element('players').append(player(label, path)));
  }
  once(job.transcription.transcription_path, showLyrics);
  for (const [field, label] of Object.entries(FILES)) {
    const path = job.transcription[field] ?? job.beat_analysis[field];
    once(path && `${path}?download`, (url) => element('files').append(item(download(label, url))));
  }
  showRhythm(job.beat_analysis);
}

function once(path, show) {
  if (!path || shown.has(path)) return;
  shown.add(path);
  element('results').hidden = false;
  show(path);
}

function player(label, path) {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  const audio = document.createElement('audio');
  caption.append(label, download('Download', `${path}?download`, `Download ${label}`));
  Object.assign(audio, { src: path, controls: true, preload: 'metadata', ariaLabel: label });
  audio.addEventListener('play', () => {
    for (const other of document.querySelectorAll('audio')) if (other !== audio) other.pause();
    lyrics?.follow(audio);
  });
  audio.addEventListener('seeked', () => lyrics?.show(audio.currentTime));
  figure.append(caption, audio);
  return figure;
}

async function showLyrics(path) {
  const there = shown;
  const response = await fetch(path).catch(() => null);
  if (there !== shown) return; // another job has been opened meanwhile
  if (!response?.ok) return there.delete(path); // the next poll, or a reload, tries again
  const { lines } = await response.json();
  if (there !== shown) return;
  element('lyrics').hidden = false;
  lyrics = new Lyrics(element('lyrics'), lines);
  const playing = [...document.querySelectorAll('audio')].find((audio) => !audio.paused);
  if (playing) lyrics.follow(playing);
}

function showRhythm({ tempo_bpm: tempo, time_signature: metre }) {
  const facts = [tempo && `${Math.round(tempo)} beats a minute`, metre && `${metre} time`].filter(Boolean);
  element('rhythm').textContent = facts.join(' · ');
  element('rhythm').hidden = !facts.length;
  if (facts.length) element('results').hidden = false;
}

function download(text, url, label = `Download ${text}`) {
  const link = document.createElement('a');
  Object.assign(link, { href: url, textContent: text, ariaLabel: label, download: '' });
  return link;
}

function item(content) {
  const row = document.createElement('li');
  row.append(content);
  return row;
}
