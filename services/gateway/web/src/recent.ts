import { signal } from '@preact/signals';

const STORED = 'karaoke-songs';
const MOST = 12;

export interface Recent {
  readonly id: string;
  readonly name: string;
  readonly at: number; // milliseconds since 1970
}

/** Songs opened in this browser, the latest first. */
export const recent = signal<readonly Recent[]>(stored());

export function remember(id: string, name: string): void {
  const known = recent.value.find((song) => song.id === id);
  if (known?.name === name) return;
  const song = { id, name, at: known?.at ?? Date.now() };
  keep(
    [song, ...recent.value.filter((other) => other.id !== id)].sort((one, other) => other.at - one.at).slice(0, MOST),
  );
}

export function forget(id: string): void {
  keep(recent.value.filter((song) => song.id !== id));
}

function keep(songs: readonly Recent[]): void {
  recent.value = songs;
  try {
    localStorage.setItem(STORED, JSON.stringify(songs));
  } catch {
    // Private windows may have no room; the list then lasts as long as the page.
  }
}

function stored(): Recent[] {
  try {
    const songs: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    return Array.isArray(songs)
      ? songs.filter((song) => typeof song?.id === 'string' && typeof song?.name === 'string')
      : [];
  } catch {
    return [];
  }
}
