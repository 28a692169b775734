import type { Stem } from '@karaoke/client';

import type { Channel } from '../audio/mixer';
import type { Player } from '../audio/player';

const NAMES: Record<Stem, string> = {
  vocals: 'Voice',
  drums: 'Drums',
  bass: 'Bass',
  other: 'Other',
  instrumental: 'Music',
};

/** Volume, mute and solo of each stem. */
export function MixerPanel({ player }: { player: Player }) {
  return (
    <section class="card mixer" aria-labelledby="mixer-title">
      <h2 id="mixer-title">Mixer</h2>
      {(Object.entries(player.mixer) as [Stem, Channel][]).map(([stem, channel]) => (
        <ChannelStrip key={stem} stem={stem} channel={channel} />
      ))}
    </section>
  );
}

function ChannelStrip({ stem, channel: { volume, mute, solo, gain } }: { stem: Stem; channel: Channel }) {
  const name = NAMES[stem];
  return (
    <div class={gain.value ? 'strip' : 'strip silent'} role="group" aria-label={name} data-stem={stem}>
      <span class="name">{name}</span>
      <input
        type="range"
        min="0"
        max="1.25"
        step="0.05"
        value={volume.value}
        aria-label={`Volume of ${name}`}
        onInput={({ currentTarget }) => (volume.value = Number(currentTarget.value))}
      />
      <button
        type="button"
        class="toggle"
        aria-pressed={mute.value}
        aria-label={`Mute ${name}`}
        title="Mute"
        onClick={() => (mute.value = !mute.value)}
      >
        M
      </button>
      <button
        type="button"
        class="toggle"
        aria-pressed={solo.value}
        aria-label={`Solo ${name}`}
        title="Solo"
        onClick={() => (solo.value = !solo.value)}
      >
        S
      </button>
    </div>
  );
}
