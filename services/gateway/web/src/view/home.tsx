import { type JobDocument, KaraokeError } from '@karaoke/client';
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { forget, recent } from '../recent';
import { authorized, keyWanted } from '../session';
import { waiting } from '../song/wait';
import { Icon } from './icon';

const jobs = signal<ReadonlyMap<string, JobDocument>>(new Map());
const asked = signal(false);
const EVERY_MS = 5_000;

/** Songs of before, and how they are doing. */
export function Home() {
  useEffect(() => {
    void look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (!recent.value.length) return null;
  return (
    <section class="recent" aria-labelledby="recent-title">
      <h2 id="recent-title">Your songs</h2>
      <ul>
        {recent.value.map(({ id, name }) => (
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
  if (!job) return asked.value ? 'Not here any more' : ' ';
  if (job.error_code === 'cancelled') return 'Cancelled';
  return job.status === 'processing' ? `${waiting(job)} · ${job.progress}%` : waiting(job);
}

async function look(): Promise<void> {
  if (keyWanted.value) return; // an earlier look waits for it
  try {
    const found = await authorized((server) => server.statuses(recent.value.map(({ id }) => id)));
    jobs.value = new Map(found.map((job) => [job.job_id, job]));
    asked.value = true;
  } catch {
    // The next time may be better; what was known stays.
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
