import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';

export type Part = 'vocals' | 'drums' | 'bass' | 'other' | 'instrumental';

export interface Channel {
  readonly volume: Signal<number>; // 0 to 1.25
  readonly mute: Signal<boolean>;
  readonly solo: Signal<boolean>;
  /** What it comes to, with all others taken into account. */
  readonly gain: ReadonlySignal<number>;
}

export type Mixer = Readonly<Partial<Record<Part, Channel>>>;

/** A channel for each part. The voice is muted: somebody else wants to sing. */
export function mixer(parts: readonly Part[]): Mixer {
  const solos: Signal<boolean>[] = [];
  const anySolo = computed(() => solos.some((solo) => solo.value));
  const channel = (part: Part): Channel => {
    const [volume, mute, solo] = [signal(part === 'vocals' ? 0.8 : 1), signal(part === 'vocals'), signal(false)];
    solos.push(solo);
    const gain = computed(() => ((anySolo.value ? solo.value : !mute.value) ? volume.value : 0));
    return { volume, mute, solo, gain };
  };
  return Object.fromEntries(parts.map((part) => [part, channel(part)]));
}
