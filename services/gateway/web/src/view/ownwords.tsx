import { useRef, useState } from 'preact/hooks';

import { inWords } from '../problem';
import type { Song } from '../song/song';
import { Dialog } from './dialog';

const LONGEST = 20_000; // characters, as the server has it

/** The song's words, to be put right; the server puts them in time again. */
export function OwnWords({ song, onClose }: { song: Song; onClose: () => void }) {
  const text = useRef<HTMLTextAreaElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    try {
      await song.setLyrics(text.current!.value.trim());
      onClose();
    } catch (error) {
      setProblem(inWords(error));
      setSending(false);
    }
  };
  return (
    <Dialog title="Words" onClose={onClose}>
      <form class="ownwords" onSubmit={submit}>
        <label for="own-words">
          Correct them or paste your own, one line as it is sung to a line. They are put in time with the voice again.
        </label>
        <textarea
          id="own-words"
          ref={text}
          rows={12}
          maxLength={LONGEST}
          required
          defaultValue={song.lyrics.value?.lines.map((line) => line.text).join('\n') ?? ''}
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
