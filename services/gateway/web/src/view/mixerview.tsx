import type { Channel, Part } from '../audio/mixer';
import type { Player } from '../audio/player';

const NAMES: Record<Part, string> = {
  vocals: 'Voice',
  drums: 'Drums',
  bass: 'Bass',
  other: 'Other',
  instrumental: 'Music',
};

/** Each part of the song: how loud, silent, or alone. */
export function MixerView({ player }: { player: Player }) {
  return (
    <section class="card mixer" aria-labelledby="mixer-title">
      <h2 id="mixer-title">Mixer</h2>
      {(Object.entries(player.mixer) as [Part, Channel][]).map(([part, channel]) => (
        <Strip key={part} part={part} channel={channel} />
      ))}
    </section>
  );
}

function Strip({ part, channel: { volume, mute, solo, gain } }: { part: Part; channel: Channel }) {
  const name = NAMES[part];
  return (
    <div class={gain.value ? 'strip' : 'strip silent'} role="group" aria-label={name} data-part={part}>
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
