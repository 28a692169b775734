import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Player } from '../audio/player';
import { formatClock } from '../format-time';
import type { Song } from '../song/song';
import { Icon } from './icon';
import { Waveform } from './waveform';

const UPDATE_MS = 200;

/** Play button, position, and the waveform to seek in. */
export function Transport({ song, player }: { song: Song; player: Player }) {
  const position = useSignal(0);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    button.current?.focus({ preventScroll: true });
    const timer = setInterval(() => (position.value = player.position), UPDATE_MS);
    return () => clearInterval(timer);
  }, [player, position]);
  const playing = player.playing.value;
  return (
    <section class="transport" aria-label="Player">
      <button
        type="button"
        ref={button}
        class="play"
        aria-label={playing ? 'Pause' : 'Play'}
        onClick={() => player.toggle()}
      >
        <Icon name={playing ? 'pause' : 'play'} />
      </button>
      <span class="clock">{formatClock(position.value)}</span>
      <Waveform peaks={song.peaks.value} beats={song.beats.value?.beats ?? []} player={player} position={position} />
      <span class="clock">{formatClock(player.duration)}</span>
    </section>
  );
}
