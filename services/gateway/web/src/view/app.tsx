import { open, openId } from '../address';
import { song } from '../song/state';
import { Drop, useDropped } from './drop';
import { Home } from './home';
import { Icon } from './icon';
import { KeyForm } from './keyform';
import { SongView } from './songview';
import { Uploads } from './uploads';

export function App() {
  const opened = song.value;
  useDropped();
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
        {openId.value && (
          <button type="button" class="quiet" onClick={() => open(null)}>
            <Icon name="back" /> All songs
          </button>
        )}
      </header>
      <main class={opened ? 'singing' : 'home'}>
        <KeyForm />
        {!opened && <Drop />}
        <Uploads />
        {opened ? <SongView key={opened.id} song={opened} /> : <Home />}
      </main>
    </>
  );
}
