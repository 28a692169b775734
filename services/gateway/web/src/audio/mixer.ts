import type { Stem } from '@karaoke/client';
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';

export interface Channel {
  readonly volume: Signal<number>; // 0 to 1.25
  readonly mute: Signal<boolean>;
  readonly solo: Signal<boolean>;
  /** The resulting gain after mute and solo of all channels. */
  readonly gain: ReadonlySignal<number>;
}

export type Mixer = Readonly<Partial<Record<Stem, Channel>>>;

/** Create a channel for each stem. The vocals start muted: the user sings. */
export function createMixer(stems: readonly Stem[]): Mixer {
  const solos: Signal<boolean>[] = [];
  const anySolo = computed(() => solos.some((solo) => solo.value));
  const channel = (stem: Stem): Channel => {
    const [volume, mute, solo] = [signal(stem === 'vocals' ? 0.8 : 1), signal(stem === 'vocals'), signal(false)];
    solos.push(solo);
    const gain = computed(() => ((anySolo.value ? solo.value : !mute.value) ? volume.value : 0));
    return { volume, mute, solo, gain };
  };
  return Object.fromEntries(stems.map((stem) => [stem, channel(stem)]));
}
