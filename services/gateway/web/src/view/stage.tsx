import { useEffect, useRef } from 'preact/hooks';

import type { Song } from '../song/song';
import { Spotlight } from './spotlight';

/** The words, large, lit up while they are sung. A click on one goes there. */
export function Stage({ song }: { song: Song }) {
  const box = useRef<HTMLDivElement>(null);
  const lyrics = song.lyrics.value;
  const player = song.player.value;
  useEffect(() => {
    if (!lyrics || !player || !box.current) return;
    const light = new Spotlight(box.current, lyrics.lines, song.offset, player);
    return () => light.end();
  }, [lyrics, player, song.offset]);
  if (!lyrics) return <Waiting song={song} />;
  if (!lyrics.lines.length) {
    return (
      <div class="stage empty">
        <p>No words were heard in this song. You can give your own: see “Words”.</p>
      </div>
    );
  }
  const jump = (start: number) => player?.seek(start + song.offset.value);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable with the keyboard.
    <div class="stage" ref={box} role="region" aria-label="Lyrics" tabIndex={0}>
      {lyrics.lines.map((line, at) => (
        <p key={at} class="line">
          {line.words.map((word, index) => (
            <span key={index}>
              {index > 0 && ' '}
              <span class="word" data-start={word.start} onClick={() => jump(word.start)}>
                {word.text}
              </span>
            </span>
          ))}
        </p>
      ))}
      <output class="count" aria-hidden="true" />
    </div>
  );
}

function Waiting({ song }: { song: Song }) {
  const { status, progress } = song.job.value!.transcription;
  const words =
    status === 'completed'
      ? 'Fetching the words…'
      : status === 'failed'
        ? 'There are no words for this song.'
        : status === 'skipped'
          ? 'No words were asked for.'
          : `The words are on their way${progress ? `: ${progress}%` : ''}. You can sing from memory already.`;
  return (
    <div class="stage empty">
      <p>{words}</p>
    </div>
  );
}
