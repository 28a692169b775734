import { isOver, type JobDocument, KaraokeError } from '@karaoke/client';
import { useState } from 'preact/hooks';

import { open } from '../address';
import { KEYS } from '../keyboard';
import { inWords } from '../problem';
import { forget } from '../recent';
import { authorized } from '../session';
import type { Song } from '../song/song';
import { Dialog } from './dialog';
import { Downloads } from './downloads';
import { Icon } from './icon';
import { OwnWords } from './ownwords';

type Shown = 'words' | 'downloads' | 'keys' | 'delete' | null;

/** What can be done with a song beside singing it. */
export function Actions({ song, job }: { song: Song; job: JobDocument }) {
  const [shown, show] = useState<Shown>(null);
  const close = () => show(null);
  const results = job.stem_separation.status === 'completed' || song.lyrics.value || song.beats.value;
  const over = isOver(job);
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
          class={over ? 'quiet only' : 'quiet'}
          aria-label={over ? 'Delete' : undefined}
          title={over ? 'Delete' : undefined}
          onClick={() => show('delete')}
        >
          <Icon name={over ? 'bin' : 'close'} /> {!over && 'Cancel'}
        </button>
      )}
      {shown === 'words' && <OwnWords song={song} onClose={close} />}
      {shown === 'downloads' && <Downloads job={job} onClose={close} />}
      {shown === 'keys' && (
        <Dialog title="Keyboard" onClose={close}>
          <dl class="keylist">
            {KEYS.map(([key, does]) => (
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
      {shown === 'delete' && <Delete song={song} over={over} onClose={close} />}
    </nav>
  );
}

function Delete({ song, over, onClose }: { song: Song; over: boolean; onClose: () => void }) {
  const remove = async () => {
    try {
      await authorized((server) => server.cancel(song.id));
    } catch (error) {
      if (!(error instanceof KaraokeError && error.status === 404)) {
        song.problem.value = inWords(error);
        return onClose();
      }
    }
    open(null); // first: until then the job's last news would put it back
    forget(song.id);
  };
  return (
    <Dialog title={over ? 'Delete this song?' : 'Cancel this song?'} onClose={onClose}>
      <p>It and all that was made of it will be gone.</p>
      <div class="choices">
        <button type="button" class="plain" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="danger" onClick={remove}>
          {over ? 'Delete it' : 'Cancel it'}
        </button>
      </div>
    </Dialog>
  );
}
