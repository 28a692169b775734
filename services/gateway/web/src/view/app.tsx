import { openJob, openJobId } from '../route';
import { openSong } from '../song/open-song';
import { DropZone, useDropTarget } from './drop-zone';
import { Icon } from './icon';
import { KeyForm } from './key-form';
import { RecentSongs } from './recent-songs';
import { SongView } from './song-view';
import { UploadList } from './upload-list';

export function App() {
  const song = openSong.value;
  useDropTarget();
  return (
    <>
      <header class="bar">
        {/* biome-ignore lint/a11y/useValidAnchor: the empty fragment is the home page, see src/address.ts. */}
        <a class="brand" href="#" aria-label="Karaoke, home">
          <span class="mark">
            <Icon name="mic" />
          </span>
          Karaoke
        </a>
        {openJobId.value && (
          <button type="button" class="quiet" onClick={() => openJob(null)}>
            <Icon name="back" /> All songs
          </button>
        )}
      </header>
      <main class={song ? 'singing' : 'home'}>
        <KeyForm />
        {!song && <DropZone />}
        <UploadList />
        {song ? <SongView key={song.id} song={song} /> : <RecentSongs />}
      </main>
    </>
  );
}
