import type { JobDocument } from '@karaoke/client';
import { useState } from 'preact/hooks';

import type { Song } from '../song/song';

const FAILURES = {
  stem_separation: 'The voice could not be taken out',
  transcription: 'The words could not be found',
  beat_analysis: 'The beat could not be found',
} as const;

/** Messages about problems, and the button to retry a failed job. */
export function Notices({ song }: { song: Song }) {
  const job = song.job.value;
  return (
    <>
      {!song.connected.value && (
        <p class="notice" role="status">
          The server cannot be reached. Trying again…
        </p>
      )}
      {song.runPending.value && (
        <p class="notice" role="status">
          The server has taken it on and will begin as soon as it can.
        </p>
      )}
      {song.problem.value && (
        <p class="notice bad" role="alert">
          {song.problem.value}
        </p>
      )}
      {song.player.value?.problem.value && (
        <p class="notice bad" role="alert">
          {song.player.value.problem.value}
        </p>
      )}
      {job?.status === 'failed' && <Failure key={job.run} song={song} job={job} />}
    </>
  );
}

function Failure({ song, job }: { song: Song; job: JobDocument }) {
  const [retrying, setRetrying] = useState(false);
  if (job.error_code === 'cancelled') {
    return (
      <p class="notice" role="alert">
        This song was cancelled, and its files are gone.
      </p>
    );
  }
  const retry = async () => {
    setRetrying(true);
    await song.retry();
    setRetrying(false);
  };
  const names = Object.keys(FAILURES) as (keyof typeof FAILURES)[];
  const failed = names.filter((name) => job[name].status === 'failed');
  return (
    <div class="notice bad" role="alert">
      <div>
        {failed.map((name) => (
          <p key={name}>
            <strong>{FAILURES[name]}.</strong> {job[name].error}
          </p>
        ))}
        {!failed.length && <p>{job.error_message}</p>}
      </div>
      <button type="button" class="primary" disabled={retrying} onClick={retry}>
        {retrying ? 'Trying again…' : 'Try again'}
      </button>
    </div>
  );
}
