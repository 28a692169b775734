import type { BeatCorrection } from '@karaoke/client';
import { useState } from 'preact/hooks';

import type { Player } from '../audio/player';
import { messageFor } from '../error-message';
import { changed, METRES, nearestBeat } from '../song/counting';
import type { Song } from '../song/song';

/** How the beats are counted: tempo, metre and the first beat of a bar, each of which the user can correct. */
export function BeatCounting({ song, player }: { song: Song; player: Player }) {
  const [problem, setProblem] = useState<string | null>(null);
  const found = song.beats.value;
  if (!found || found.beats.length < 2) return null;
  const { correction, beats, tempo_bpm: tempo, time_signature: metre } = found;
  const send = async (next: BeatCorrection | null) => {
    try {
      await song.correctBeats(next);
      setProblem(null);
    } catch (error) {
      setProblem(messageFor(error));
    }
  };
  const change = (part: BeatCorrection) => send(changed(correction, part));
  const reset = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    currentTarget.closest('details')?.querySelector('summary')?.focus(); // this button disappears
    return send(null);
  };
  const tempoButton = (value: 'half' | 'double', label: string) => (
    <button
      type="button"
      class="plain"
      aria-pressed={correction?.tempo === value}
      onClick={() => change({ tempo: correction?.tempo === value ? null : value })}
    >
      {label}
    </button>
  );
  return (
    <details class="card counting">
      <summary>
        Beats:{' '}
        <span aria-live="polite">
          {[tempo && `${Math.round(tempo)} bpm`, metre, correction && 'corrected'].filter(Boolean).join(' · ')}
        </span>
      </summary>
      <fieldset aria-label="How the beats are counted">
        {tempoButton('half', 'Half tempo')}
        {tempoButton('double', 'Double tempo')}
        <label>
          Metre
          <select
            value={metre ?? ''}
            onChange={({ currentTarget }) =>
              change({ time_signature: METRES.find((known) => known === currentTarget.value) ?? null })
            }
          >
            {!METRES.some((known) => known === metre) && <option value={metre ?? ''}>{metre ?? 'unknown'}</option>}
            {METRES.map((known) => (
              <option key={known}>{known}</option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="plain wide"
          onClick={() => change({ first_downbeat: nearestBeat(beats, player.position) })}
        >
          This beat is the one
        </button>
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {correction && (
          <button type="button" class="plain wide" onClick={reset}>
            As it was heard
          </button>
        )}
      </fieldset>
    </details>
  );
}
