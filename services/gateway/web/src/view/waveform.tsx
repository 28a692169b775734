import type { Beat, Peaks } from '@karaoke/client';
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Player } from '../audio/player';
import { clock } from '../time';
import { Wave } from './wave';

const STEP_SECONDS = 5;
const PAGE_SECONDS = 15;

interface Shown {
  peaks: Peaks | null;
  beats: readonly Beat[];
  player: Player;
  position: ReadonlySignal<number>;
}

/** The song's wave with its beats: a slider to any place in it. */
export function Waveform({ peaks, beats, player, position }: Shown) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!canvas.current) return;
    const wave = new Wave(canvas.current, peaks, beats, player);
    return () => wave.end();
  }, [peaks, beats, player]);
  const seek = (event: PointerEvent) => {
    if (event.type === 'pointermove' && !event.buttons) return;
    const box = canvas.current!.getBoundingClientRect();
    if (event.type === 'pointerdown') canvas.current!.setPointerCapture(event.pointerId);
    player.seek(((event.clientX - box.left) / box.width) * player.duration);
  };
  const press = (event: KeyboardEvent) => {
    const targets: Record<string, number> = {
      ArrowLeft: player.position - STEP_SECONDS,
      ArrowDown: player.position - STEP_SECONDS,
      ArrowRight: player.position + STEP_SECONDS,
      ArrowUp: player.position + STEP_SECONDS,
      PageDown: player.position - PAGE_SECONDS,
      PageUp: player.position + PAGE_SECONDS,
      Home: 0,
      End: player.duration,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    player.seek(target);
  };
  return (
    <canvas
      ref={canvas}
      class="wave"
      role="slider"
      tabIndex={0}
      aria-label="Place in the song"
      aria-valuemin={0}
      aria-valuemax={Math.round(player.duration)}
      aria-valuenow={Math.round(position.value)}
      aria-valuetext={`${clock(position.value)} of ${clock(player.duration)}`}
      onPointerDown={seek}
      onPointerMove={seek}
      onKeyDown={press}
    />
  );
}
