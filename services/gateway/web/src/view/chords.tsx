import type { Chord } from '@karaoke/client';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import type { Player } from '../audio/player';
import { chordsAt, transposed } from '../song/chords';

const UPDATE_MS = 100;

/** Shows the current chord and the next one, transposed to the chosen key. */
export function Chords({ chords, player }: { chords: readonly Chord[]; player: Player }) {
  const now = useSignal<string | null>(null);
  const next = useSignal<string | null>(null);
  useEffect(() => {
    const show = () => {
      [now.value, next.value] = chordsAt(chords, player.position);
    };
    show();
    const timer = setInterval(show, UPDATE_MS);
    return () => clearInterval(timer);
  }, [chords, player, now, next]);
  if (!chords.some(({ label }) => label !== 'N')) return null;
  const shown = (label: string | null) => (label ? transposed(label, player.key.value) : '–');
  return (
    <div class="chords" role="group" aria-label="Chords: this one, and the next">
      <strong>{shown(now.value)}</strong> <span>{shown(next.value)}</span>
    </div>
  );
}
