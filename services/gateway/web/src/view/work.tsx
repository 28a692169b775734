import type { JobDocument } from '@karaoke/client';

import { waiting } from '../song/wait';

const TASKS = { stem_separation: 'Voice and instruments', transcription: 'Words', beat_analysis: 'Beat' } as const;
const STATES: Record<string, string> = { queued: 'waiting', completed: 'done', failed: 'failed', skipped: 'left out' };

/** How far a job is; `compact` once there is something to sing. */
export function Work({ job, compact }: { job: JobDocument; compact: boolean }) {
  const names = Object.keys(TASKS) as (keyof typeof TASKS)[];
  return (
    <section class={compact ? 'work compact' : 'work'} aria-label="Progress">
      <div class="whole">
        <p role="status">{waiting(job)}</p>
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
