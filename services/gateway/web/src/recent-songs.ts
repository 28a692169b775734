import { signal } from '@preact/signals';

const STORAGE_KEY = 'karaoke-songs';
const MAX_SONGS = 12;

export interface RecentSong {
  readonly id: string;
  readonly name: string;
  readonly at: number; // milliseconds since 1970
}

/** Songs opened in this browser, newest first. */
export const recentSongs = signal<readonly RecentSong[]>(load());

export function remember(id: string, name: string): void {
  const known = recentSongs.value.find((song) => song.id === id);
  if (known?.name === name) return;
  const song = { id, name, at: known?.at ?? Date.now() };
  store(
    [song, ...recentSongs.value.filter((other) => other.id !== id)]
      .sort((one, other) => other.at - one.at)
      .slice(0, MAX_SONGS),
  );
}

export function forget(id: string): void {
  store(recentSongs.value.filter((song) => song.id !== id));
}

function store(songs: readonly RecentSong[]): void {
  recentSongs.value = songs;
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(songs));
  } catch {
    // Storage may be full or disabled, as in a private window: the list then lasts as long as the page.
  }
}

function load(): RecentSong[] {
  try {
    const songs: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '[]');
    return Array.isArray(songs)
      ? songs.filter((song) => typeof song?.id === 'string' && typeof song?.name === 'string')
      : [];
  } catch {
    return [];
  }
}
