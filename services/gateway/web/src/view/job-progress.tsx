import type { JobDocument } from '@karaoke/client';

import { progressMessage } from '../song/progress-message';

const TASKS = { stem_separation: 'Voice and instruments', transcription: 'Words', beat_analysis: 'Beat' } as const;
const STATES: Record<string, string> = { queued: 'waiting', completed: 'done', failed: 'failed', skipped: 'left out' };

/** Progress of a job and its tasks; `compact` once the song can be played. */
export function JobProgress({ job, compact }: { job: JobDocument; compact: boolean }) {
  const names = Object.keys(TASKS) as (keyof typeof TASKS)[];
  return (
    <section class={compact ? 'job-progress compact' : 'job-progress'} aria-label="Progress">
      <div class="summary">
        <p role="status">{progressMessage(job)}</p>
        {!compact && <p class="percent">{job.progress}%</p>}
      </div>
      <ul>
        {names.map((name) => {
          const { status, progress } = job[name];
          return (
            <li key={name} class={status} data-task={name}>
              <label for={`${name}-bar`}>{TASKS[name]}</label>
              <output for={`${name}-bar`}>{STATES[status] ?? `${progress}%`}</output>
              <progress id={`${name}-bar`} max="100" value={progress} />
            </li>
          );
        })}
      </ul>
      {!compact && (
        <p class="what">
          You can sing as soon as the voice is out. The song goes on without this page, and stays a day.
        </p>
      )}
    </section>
  );
}
