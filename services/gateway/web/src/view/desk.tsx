import type { Player } from '../audio/player';
import type { Song } from '../song/song';
import { MixerView } from './mixerview';
import { Tuning } from './tuning';

/** How the song sounds. */
export function Desk({ song, player }: { song: Song; player: Player }) {
  return (
    <div class="side">
      <MixerView player={player} />
      <Tuning song={song} player={player} />
    </div>
  );
}
