import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Player } from '../audio/player';
import type { Song } from '../song/song';
import { clock } from '../time';
import { Icon } from './icon';
import { Waveform } from './waveform';

const EVERY_MS = 200;

/** Play, where one is, and the wave to go elsewhere. */
export function Transport({ song, player }: { song: Song; player: Player }) {
  const position = useSignal(0);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    button.current?.focus({ preventScroll: true });
    const timer = setInterval(() => (position.value = player.position), EVERY_MS);
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
      <span class="clock">{clock(position.value)}</span>
      <Waveform peaks={song.peaks.value} beats={song.beats.value?.beats ?? []} player={player} position={position} />
      <span class="clock">{clock(player.duration)}</span>
    </section>
  );
}
