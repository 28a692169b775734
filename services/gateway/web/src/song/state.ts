import { effect, signal, untracked } from '@preact/signals';

import { openId } from '../address';
import { Song } from './song';

/** The song on the page. */
export const song = signal<Song | null>(null);

effect(() => {
  const id = openId.value;
  const opened = id ? untracked(() => new Song(id)) : null;
  song.value = opened;
  return () => opened?.close();
});
