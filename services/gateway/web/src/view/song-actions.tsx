import { isFinished, type JobDocument, KaraokeError } from '@karaoke/client';
import { useState } from 'preact/hooks';

import { authorized } from '../api-key';
import { messageFor } from '../error-message';
import { SHORTCUTS } from '../keyboard-shortcuts';
import { forget } from '../recent-songs';
import { openJob } from '../route';
import type { Song } from '../song/song';
import { Dialog } from './dialog';
import { Downloads } from './downloads';
import { Icon } from './icon';
import { LyricsEditor } from './lyrics-editor';

type Shown = 'words' | 'downloads' | 'keys' | 'delete' | null;

/** The buttons of a song: edit lyrics, download, shortcuts, and cancel or delete. */
export function SongActions({ song, job }: { song: Song; job: JobDocument }) {
  const [shown, show] = useState<Shown>(null);
  const close = () => show(null);
  const results = job.stem_separation.status === 'completed' || song.lyrics.value || song.beats.value;
  const finished = isFinished(job);
  return (
    <nav class="actions" aria-label="Song">
      {job.stem_separation.status === 'completed' && (
        <button type="button" class="quiet" onClick={() => show('words')}>
          <Icon name="edit" /> Words
        </button>
      )}
      {results && (
        <button type="button" class="quiet" onClick={() => show('downloads')}>
          <Icon name="download" /> Download
        </button>
      )}
      {song.player.value && (
        <button
          type="button"
          class="quiet only keys"
          aria-label="Keyboard"
          title="Keyboard"
          onClick={() => show('keys')}
        >
          <Icon name="keys" />
        </button>
      )}
      {job.error_code !== 'cancelled' && (
        <button
          type="button"
          class={finished ? 'quiet only' : 'quiet'}
          aria-label={finished ? 'Delete' : undefined}
          title={finished ? 'Delete' : undefined}
          onClick={() => show('delete')}
        >
          <Icon name={finished ? 'bin' : 'close'} /> {!finished && 'Cancel'}
        </button>
      )}
      {shown === 'words' && <LyricsEditor song={song} onClose={close} />}
      {shown === 'downloads' && <Downloads job={job} onClose={close} />}
      {shown === 'keys' && (
        <Dialog title="Keyboard" onClose={close}>
          <dl class="keylist">
            {SHORTCUTS.map(([key, does]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      )}
      {shown === 'delete' && <DeleteDialog song={song} finished={finished} onClose={close} />}
    </nav>
  );
}

function DeleteDialog({ song, finished, onClose }: { song: Song; finished: boolean; onClose: () => void }) {
  const remove = async () => {
    try {
      await authorized((server) => server.cancel(song.id));
    } catch (error) {
      if (!(error instanceof KaraokeError && error.status === 404)) {
        song.problem.value = messageFor(error);
        return onClose();
      }
    }
    openJob(null); // first, because a last update of the open job would remember it again
    forget(song.id);
  };
  return (
    <Dialog title={finished ? 'Delete this song?' : 'Cancel this song?'} onClose={onClose}>
      <p>It and all that was made of it will be gone.</p>
      <div class="choices">
        <button type="button" class="plain" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="danger" onClick={remove}>
          {finished ? 'Delete it' : 'Cancel it'}
        </button>
      </div>
    </Dialog>
  );
}
