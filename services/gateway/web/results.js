/** A job's results: players, words, rhythm and downloads, each shown once, as soon as it is there. */

import { linksOf } from './api.js';
import { Lyrics } from './lyrics.js';

const STEMS = { instrumental: 'Instrumental', vocals: 'Voice', drums: 'Drums', bass: 'Bass', other: 'Other instruments' };
const FILES = {
  lrc_path: 'Lyrics (LRC)',
  srt_path: 'Lyrics (SRT)',
  vtt_path: 'Lyrics (VTT)',
  transcription_path: 'Lyrics (JSON)',
  beats_path: 'Beats (JSON)',
};
/** Each result's field, and what shows it: it takes a link and returns what takes the next, before that one expires. */
const PIECES = [
  ...Object.entries(STEMS).map(([stem, label]) => [`${stem}_path`, (link) => addPlayer(label, link)]),
  ['transcription_path', addLyrics],
  ...Object.entries(FILES).map(([field, label]) => [field, (link) => addFile(label, link)]),
];
const SOONEST_MS = 60_000;

const element = (id) => document.getElementById(id);
let shown = new Map(); // of the present job: by piece, what takes its next link
let lyrics = null;
let renewal = null;

/** Adds what `job` has and the page has not; null clears the page for another job. Resolves to whether it could. */
export async function showResults(job) {
  if (!job) return clear();
  showRhythm(job.beat_analysis);
  const there = shown;
  const answer = await linksOf(job).catch(() => null);
  if (there !== shown) return false; // another job has been opened meanwhile
  for (const piece of PIECES) {
    const [field, add] = piece;
    const link = answer?.links[field];
    if (!link || shown.has(piece)) continue;
    element('results').hidden = false;
    shown.set(piece, add(link, () => there.delete(piece)));
  }
  if (answer) renewLater(job, answer.expires_at);
  return Boolean(answer);
}

function clear() {
  clearTimeout(renewal);
  shown = new Map();
  lyrics = null;
  for (const id of ['players', 'files', 'lyrics']) element(id).replaceChildren();
  for (const id of ['results', 'rhythm', 'lyrics']) element(id).hidden = true;
}

function renewLater(job, end) {
  clearTimeout(renewal);
  if (end) renewal = setTimeout(renew, Math.max(SOONEST_MS, (Date.parse(end) - Date.now()) / 2), job);
}

async function renew(job) {
  const there = shown;
  const answer = await linksOf(job).catch(() => null);
  if (there !== shown) return;
  for (const [[field], use] of shown) if (answer?.links[field]) use(answer.links[field]);
  renewLater(job, answer?.expires_at ?? new Date());
}

function addPlayer(label, link) {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  const audio = document.createElement('audio');
  const save = download('Download', link, `Download ${label}`);
  caption.append(label, save);
  Object.assign(audio, { src: link, controls: true, preload: 'metadata', ariaLabel: label });
  audio.addEventListener('play', () => {
    for (const other of document.querySelectorAll('audio')) if (other !== audio) other.pause();
    lyrics?.follow(audio);
  });
  audio.addEventListener('seeked', () => lyrics?.show(audio.currentTime));
  figure.append(caption, audio);
  element('players').append(figure);
  return (next) => {
    save.href = attachment(next);
    if (!audio.paused) return; // the next time will do
    const { currentTime } = audio;
    Object.assign(audio, { src: next, currentTime });
  };
}

/** The words; `failed` is called when they did not come. */
function addLyrics(link, failed) {
  const there = shown;
  const come = async () => {
    const response = await fetch(link).catch(() => null);
    if (there !== shown) return;
    if (!response?.ok) return failed(); // the next poll, or a reload, tries again
    const { lines } = await response.json();
    if (there !== shown) return;
    element('lyrics').hidden = false;
    lyrics = new Lyrics(element('lyrics'), lines);
    const playing = [...document.querySelectorAll('audio')].find((audio) => !audio.paused);
    if (playing) lyrics.follow(playing);
  };
  come();
  return () => {}; // they are there
}

function addFile(label, link) {
  const row = document.createElement('li');
  const save = download(label, link);
  row.append(save);
  element('files').append(row);
  return (next) => { save.href = attachment(next); };
}

function showRhythm({ tempo_bpm: tempo, time_signature: metre }) {
  const facts = [tempo && `${Math.round(tempo)} beats a minute`, metre && `${metre} time`].filter(Boolean);
  element('rhythm').textContent = facts.join(' · ');
  element('rhythm').hidden = !facts.length;
  if (facts.length) element('results').hidden = false;
}

function download(text, link, label = `Download ${text}`) {
  const anchor = document.createElement('a');
  Object.assign(anchor, { href: attachment(link), textContent: text, ariaLabel: label, download: '' });
  return anchor;
}

function attachment(link) {
  return `${link}${link.includes('?') ? '&' : '?'}download`;
}
