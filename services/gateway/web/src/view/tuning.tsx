import type { Signal } from '@preact/signals';

import type { Player } from '../audio/player';
import type { Song } from '../song/song';
import { Icon } from './icon';

/** The song as it suits the singer: key, speed, when the words come, and a click to keep time by. */
export function Tuning({ song, player }: { song: Song; player: Player }) {
  const rhythm = player.beats.value.length > 1;
  return (
    <section class="card tuning" aria-labelledby="tuning-title">
      <h2 id="tuning-title">Key and tempo</h2>
      <Stepper
        label="Key"
        value={player.key}
        step={1}
        least={-12}
        most={12}
        show={(key) => (key ? `${signed(key)} st` : 'original')}
      />
      <Stepper
        label="Speed"
        value={player.speed}
        step={0.05}
        least={0.5}
        most={1.5}
        neutral={1}
        show={(speed) => `${Math.round(speed * 100)}%`}
      />
      <div class="checks">
        <Toggle label="Click" value={player.click} there={rhythm} />
        <Toggle label="Count-in" value={player.counting} there={rhythm} />
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

interface Steps {
  label: string;
  value: Signal<number>;
  step: number;
  least: number;
  most: number;
  neutral?: number;
  show: (value: number) => string;
}

function Stepper({ label, value, step, least, most, neutral = 0, show }: Steps) {
  const to = (next: number) => (value.value = Math.round(Math.min(most, Math.max(least, next)) / step) * step);
  return (
    <div class="stepper" role="group" aria-label={label}>
      <span class="name">{label}</span>
      <button
        type="button"
        class="quiet only"
        aria-label={`${label} down`}
        disabled={value.value <= least + step / 2}
        onClick={() => to(value.value - step)}
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
        disabled={value.value >= most - step / 2}
        onClick={() => to(value.value + step)}
      >
        <Icon name="plus" />
      </button>
    </div>
  );
}

function Toggle({ label, value, there }: { label: string; value: Signal<boolean>; there: boolean }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: a checkbox has `checked` instead of `aria-checked`.
        role="switch"
        checked={value.value}
        disabled={!there}
        onChange={({ currentTarget }) => (value.value = currentTarget.checked)}
      />
      {label}
    </label>
  );
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : `−${-value}`;
}
