import type { Player } from '../audio/player';
import type { Song } from '../song/song';
import { BeatCounting } from './beat-counting';
import { MixerPanel } from './mixer-panel';
import { PlaybackSettings } from './playback-settings';

/** The controls of the sound: mixer, key and tempo, and how the beats are counted. */
export function ControlPanel({ song, player }: { song: Song; player: Player }) {
  return (
    <div class="control-panel">
      <MixerPanel player={player} />
      <PlaybackSettings song={song} player={player} />
      <BeatCounting song={song} player={player} />
    </div>
  );
}
