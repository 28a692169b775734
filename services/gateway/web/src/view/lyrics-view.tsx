import type { Word } from '@karaoke/client';
import { useEffect, useRef } from 'preact/hooks';

import type { Song } from '../song/song';
import { LyricHighlighter } from './lyric-highlighter';

const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** The lyrics, highlighted while they are sung. A click on a word seeks to it. */
export function LyricsView({ song }: { song: Song }) {
  const box = useRef<HTMLDivElement>(null);
  const lyrics = song.lyrics.value;
  const player = song.player.value;
  useEffect(() => {
    if (!lyrics || !player || !box.current) return;
    const highlighter = new LyricHighlighter(box.current, lyrics.lines, song.offset, player);
    return () => highlighter.stop();
  }, [lyrics, player, song.offset]);
  if (!lyrics) return <Placeholder song={song} />;
  if (!lyrics.lines.length) {
    return (
      <div class="lyrics empty">
        <p>No words were heard in this song. You can give your own: see “Words”.</p>
      </div>
    );
  }
  const seek = (start: number) => player?.seek(start + song.offset.value);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable with the keyboard.
    <div class="lyrics" ref={box} role="region" aria-label="Lyrics" tabIndex={0}>
      {lyrics.lines.map((line, at) => (
        <p key={at} class="line" dir={line.dir ?? 'auto'}>
          {line.words.map((word, index) => (
            <span key={index}>
              {index > 0 && word.spaced !== false && ' '}
              <span
                class={wordClass(word)}
                title={word.doubtful ? 'This may be wrong' : undefined}
                data-start={word.start}
                onClick={() => seek(word.start)}
              >
                {word.text}
              </span>
            </span>
          ))}
          {song.readings.value && line.romanised && (
            <span class="reading" dir="ltr">
              {line.romanised}
            </span>
          )}
        </p>
      ))}
      {lyrics.partial && <p class="more">More lines are coming. Some may still appear between these.</p>}
      <output class="countdown" aria-hidden="true" />
    </div>
  );
}

function wordClass({ text, doubtful }: Word): string {
  return ['word', RIGHT_TO_LEFT.test(text) && 'rtl', doubtful && 'doubtful'].filter(Boolean).join(' ');
}

function Placeholder({ song }: { song: Song }) {
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
    <div class="lyrics empty">
      <p>{words}</p>
    </div>
  );
}
