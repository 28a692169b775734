import { effect, signal, untracked } from '@preact/signals';

import { openJobId } from '../route';
import { Song } from './song';

/** The song that is open on the page, or null on the home page. */
export const openSong = signal<Song | null>(null);

effect(() => {
  const id = openJobId.value;
  const opened = id ? untracked(() => new Song(id)) : null;
  openSong.value = opened;
  return () => opened?.close();
});
