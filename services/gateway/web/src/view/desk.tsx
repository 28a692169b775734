import type { Player } from '../audio/player';
import type { Song } from '../song/song';
import { MixerView } from './mixerview';
import { Tuning } from './tuning';
import { Transport } from './transport';

/** Everything one touches while singing. */
export function Desk({ song, player }: { song: Song; player: Player }) {
  return (
    <>
      <Transport song={song} player={player} />
      <div class="side">
        <MixerView player={player} />
        <Tuning song={song} player={player} />
      </div>
    </>
  );
}
