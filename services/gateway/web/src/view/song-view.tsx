import { isFinished, type JobDocument, type Lyrics } from '@karaoke/client';
import { useEffect } from 'preact/hooks';

import type { Song } from '../song/song';
import { Chords } from './chords';
import { ControlPanel } from './control-panel';
import { JobProgress } from './job-progress';
import { LyricsView } from './lyrics-view';
import { Notices } from './notices';
import { SongActions } from './song-actions';
import { Transport } from './transport';

/** The page of one song: its progress, and everything that is ready to sing with. */
export function SongView({ song }: { song: Song }) {
  const job = song.job.value;
  const player = song.player.value;
  const name = (job && title(job.name)) || 'Your song';
  useEffect(() => {
    document.title = `${name} · Karaoke`;
    return () => (document.title = 'Karaoke');
  }, [name]);
  return (
    <article class="song">
      <header class="title">
        <div>
          <h1>{name}</h1>
          <Facts song={song} />
          {job && isFinished(job) && <Notes notes={job.notes ?? []} />}
        </div>
        {job && <SongActions song={song} job={job} />}
      </header>
      <Notices song={song} />
      {job && !isFinished(job) && <JobProgress job={job} compact={Boolean(player)} />}
      {song.loaded.value !== null && (
        <p class="loading" role="status">
          <label for="loading">Loading the sound</label>
          <progress id="loading" max="1" value={song.loaded.value} />
        </p>
      )}
      {player && <Chords chords={song.beats.value?.chords ?? []} player={player} />}
      {job && (player || song.lyrics.value) && (
        <div class={player ? 'columns' : 'columns single'}>
          <LyricsView song={song} />
          {player && <ControlPanel song={song} player={player} />}
        </div>
      )}
      {player && <Transport song={song} player={player} />}
    </article>
  );
}

/** Return a readable title: the file name without its extension and underscores. */
function title(name: string): string {
  return (
    name
      .replace(/\.\w{2,5}$/, '')
      .replace(/_+/g, ' ')
      .trim() || name
  );
}

function Facts({ song }: { song: Song }) {
  const job = song.job.value;
  const rhythm = song.beats.value ?? job?.beat_analysis; // the beats of a song that has ended may be newer
  const tempo = rhythm?.tempo_bpm;
  const facts = [
    tempo && `${Math.round(tempo)} bpm`,
    rhythm?.time_signature,
    song.beats.value?.key,
    job?.transcription.language && language(job.transcription.language),
    song.lyrics.value?.source === 'given' && 'your own words',
    doubts(song.lyrics.value),
  ];
  return <p class="facts">{facts.filter(Boolean).join(' · ') || ' '}</p>;
}

/** The share of the words that may be wrong, if any of them is marked. */
function doubts(lyrics: Lyrics | null): string | undefined {
  if (!lyrics?.doubtful_line_count) return undefined;
  const wrong = lyrics.source === 'heard' ? 'be wrong' : 'be sung at another time';
  return `about ${Math.max(1, Math.round(100 * (lyrics.review ?? 0)))}% of the words, mostly dotted ones, may ${wrong}`;
}

/** What is unusual about the song or its results. */
function Notes({ notes }: { notes: NonNullable<JobDocument['notes']> }) {
  if (!notes.length) return null;
  return (
    <ul class="notes" aria-label="Notes about this song">
      {notes.map(({ code, message }) => (
        <li key={code}>{message}</li>
      ))}
    </ul>
  );
}

function language(code: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
