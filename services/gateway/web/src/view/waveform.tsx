import type { Beat, Peaks } from '@karaoke/client';
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Player } from '../audio/player';
import { formatClock } from '../format-time';
import { WaveformPainter } from './waveform-painter';

const STEP_SECONDS = 5;
const PAGE_SECONDS = 15;

interface WaveformProps {
  peaks: Peaks | null;
  beats: readonly Beat[];
  player: Player;
  position: ReadonlySignal<number>;
}

/** The song's waveform with its beats; a slider to seek in the song. */
export function Waveform({ peaks, beats, player, position }: WaveformProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!canvas.current) return;
    const painter = new WaveformPainter(canvas.current, peaks, beats, player);
    return () => painter.stop();
  }, [peaks, beats, player]);
  const seek = (event: PointerEvent) => {
    if (event.type === 'pointermove' && !event.buttons) return;
    const box = canvas.current!.getBoundingClientRect();
    if (event.type === 'pointerdown') canvas.current!.setPointerCapture(event.pointerId);
    player.seek(((event.clientX - box.left) / box.width) * player.duration);
  };
  const onKeyDown = (event: KeyboardEvent) => {
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
      class="waveform"
      role="slider"
      tabIndex={0}
      aria-label="Place in the song"
      aria-valuemin={0}
      aria-valuemax={Math.round(player.duration)}
      aria-valuenow={Math.round(position.value)}
      aria-valuetext={`${formatClock(position.value)} of ${formatClock(player.duration)}`}
      onPointerDown={seek}
      onPointerMove={seek}
      onKeyDown={onKeyDown}
    />
  );
}
