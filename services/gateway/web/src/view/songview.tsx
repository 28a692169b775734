import { isOver } from '@karaoke/client';
import { useEffect } from 'preact/hooks';

import type { Song } from '../song/song';
import { Actions } from './actions';
import { Chords } from './chords';
import { Desk } from './desk';
import { Notices } from './notices';
import { Stage } from './stage';
import { Transport } from './transport';
import { Work } from './work';

/** A song: how far it is, and what there is of it to sing. */
export function SongView({ song }: { song: Song }) {
  const job = song.job.value;
  const player = song.player.value;
  const name = job ? title(job.name) : 'Your song';
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
        </div>
        {job && <Actions song={song} job={job} />}
      </header>
      <Notices song={song} />
      {job && !isOver(job) && <Work job={job} compact={Boolean(player)} />}
      {song.loading.value !== null && (
        <p class="loading" role="status">
          <label for="loading">Loading the sound</label>
          <progress id="loading" max="1" value={song.loading.value} />
        </p>
      )}
      {player && <Chords chords={song.beats.value?.chords ?? []} player={player} />}
      {job && (player || song.lyrics.value) && (
        <div class={player ? 'hall' : 'hall alone'}>
          <Stage song={song} />
          {player && <Desk song={song} player={player} />}
        </div>
      )}
      {player && <Transport song={song} player={player} />}
    </article>
  );
}

/** A file's name as one would write it. */
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
  const tempo = job?.beat_analysis.tempo_bpm;
  const facts = [
    tempo && `${Math.round(tempo)} bpm`,
    job?.beat_analysis.time_signature,
    song.beats.value?.key,
    job?.transcription.language && language(job.transcription.language),
    song.lyrics.value?.source === 'given' && 'your own words',
  ];
  return <p class="facts">{facts.filter(Boolean).join(' · ') || ' '}</p>;
}

function language(code: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
