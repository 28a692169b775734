import { type JobDocument, KaraokeError } from '@karaoke/client';
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { authorized, keyPrompt } from '../api-key';
import { forget, recentSongs } from '../recent-songs';
import { progressMessage } from '../song/progress-message';
import { Icon } from './icon';

const jobs = signal<ReadonlyMap<string, JobDocument>>(new Map());
const loaded = signal(false);
const REFRESH_MS = 5_000;

/** The list of recent songs with the state of each job. */
export function RecentSongs() {
  useEffect(() => {
    void refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  if (!recentSongs.value.length) return null;
  return (
    <section class="recent" aria-labelledby="recent-title">
      <h2 id="recent-title">Your songs</h2>
      <ul>
        {recentSongs.value.map(({ id, name }) => (
          <li key={id} class="card">
            <a href={`#${encodeURIComponent(id)}`}>
              <strong class="name">{name}</strong>
              <span class="what">{state(id)}</span>
            </a>
            <button
              type="button"
              class="quiet only"
              aria-label={`Delete ${name}`}
              title="Delete"
              onClick={() => remove(id, name)}
            >
              <Icon name="bin" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function state(id: string): string {
  const job = jobs.value.get(id);
  if (!job) return loaded.value ? 'Not here any more' : ' ';
  if (job.error_code === 'cancelled') return 'Cancelled';
  return job.status === 'processing' ? `${progressMessage(job)} · ${job.progress}%` : progressMessage(job);
}

async function refresh(): Promise<void> {
  if (keyPrompt.value) return; // an earlier refresh is waiting for the key
  try {
    const found = await authorized((server) => server.statuses(recentSongs.value.map(({ id }) => id)));
    jobs.value = new Map(found.map((job) => [job.job_id, job]));
    loaded.value = true;
  } catch {
    // Keep what is known; the next refresh may succeed.
  }
}

async function remove(id: string, name: string): Promise<void> {
  if (!confirm(`Delete ${name} and all that was made of it?`)) return;
  try {
    await authorized((server) => server.cancel(id));
  } catch (error) {
    if (!(error instanceof KaraokeError && error.status === 404))
      return alert('It could not be deleted. Please try again.');
  }
  forget(id);
}
