import type { Signal } from '@preact/signals';

import type { Player } from '../audio/player';
import type { Song } from '../song/song';
import { Icon } from './icon';

/** Key, speed, metronome, count-in, and the timing of the lyrics. */
export function PlaybackSettings({ song, player }: { song: Song; player: Player }) {
  const hasBeats = player.beats.value.length > 1;
  return (
    <section class="card tuning" aria-labelledby="tuning-title">
      <h2 id="tuning-title">Key and tempo</h2>
      <Stepper
        label="Key"
        value={player.key}
        step={1}
        min={-12}
        max={12}
        show={(key) => (key ? `${signed(key)} st` : 'original')}
      />
      <Stepper
        label="Speed"
        value={player.speed}
        step={0.05}
        min={0.5}
        max={1.5}
        neutral={1}
        show={(speed) => `${Math.round(speed * 100)}%`}
      />
      <div class="checks">
        <Toggle label="Click" value={player.metronome} enabled={hasBeats} />
        <Toggle label="Count-in" value={player.countIn} enabled={hasBeats} />
        {song.lyrics.value?.lines.some(({ romanised }) => romanised) && (
          <Toggle label="Readings" value={song.readings} enabled />
        )}
      </div>
      <label class="offset">
        <span>Words later or earlier</span>
        <output>{song.offset.value ? `${signed(Math.round(song.offset.value * 1000))} ms` : 'in time'}</output>
        <input
          type="range"
          min="-1"
          max="1"
          step="0.05"
          value={song.offset.value}
          onInput={({ currentTarget }) => (song.offset.value = Number(currentTarget.value))}
        />
      </label>
    </section>
  );
}

interface StepperProps {
  label: string;
  value: Signal<number>;
  step: number;
  min: number;
  max: number;
  neutral?: number;
  show: (value: number) => string;
}

function Stepper({ label, value, step, min, max, neutral = 0, show }: StepperProps) {
  const set = (next: number) => (value.value = Math.round(Math.min(max, Math.max(min, next)) / step) * step);
  return (
    <div class="stepper" role="group" aria-label={label}>
      <span class="name">{label}</span>
      <button
        type="button"
        class="quiet only"
        aria-label={`${label} down`}
        disabled={value.value <= min + step / 2}
        onClick={() => set(value.value - step)}
      >
        <Icon name="minus" />
      </button>
      <button
        type="button"
        class="value"
        aria-label={`${label}: ${show(value.value)}. Back to the original`}
        onClick={() => (value.value = neutral)}
      >
        <span aria-live="polite">{show(value.value)}</span>
      </button>
      <button
        type="button"
        class="quiet only"
        aria-label={`${label} up`}
        disabled={value.value >= max - step / 2}
        onClick={() => set(value.value + step)}
      >
        <Icon name="plus" />
      </button>
    </div>
  );
}

function Toggle({ label, value, enabled }: { label: string; value: Signal<boolean>; enabled: boolean }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: a checkbox has `checked` instead of `aria-checked`.
        role="switch"
        checked={value.value}
        disabled={!enabled}
        onChange={({ currentTarget }) => (value.value = currentTarget.checked)}
      />
      {label}
    </label>
  );
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : `−${-value}`;
}
