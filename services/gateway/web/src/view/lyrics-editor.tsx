import { useRef, useState } from 'preact/hooks';

import { messageFor } from '../error-message';
import type { Song } from '../song/song';
import { Dialog } from './dialog';

const MAX_LENGTH = 20_000; // characters; the server's limit

/** Dialog to correct or replace the lyrics. The server aligns the new text with the voice. */
export function LyricsEditor({ song, onClose }: { song: Song; onClose: () => void }) {
  const text = useRef<HTMLTextAreaElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const lyrics = song.lyrics.peek();
  const lines = lyrics && !lyrics.partial ? lyrics.lines : []; // part of the lyrics must not replace all of them
  const submit = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    try {
      await song.setLyrics(text.current!.value.trim());
      onClose();
    } catch (error) {
      setProblem(messageFor(error));
      setSending(false);
    }
  };
  return (
    <Dialog title="Words" onClose={onClose}>
      <form class="lyrics-editor" onSubmit={submit}>
        <label for="lyrics-text">
          Correct them or paste your own, one line as it is sung to a line. They are put in time with the voice again.
        </label>
        <textarea
          id="lyrics-text"
          ref={text}
          rows={12}
          maxLength={MAX_LENGTH}
          required
          defaultValue={lines.map((line) => line.text).join('\n')}
        />
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="choices">
          <button type="button" class="plain" onClick={onClose}>
            Leave as is
          </button>
          <button type="submit" class="primary" disabled={sending}>
            {sending ? 'Sending…' : 'Put in time'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
