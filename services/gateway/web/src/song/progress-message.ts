import { isFinished, type JobDocument } from '@karaoke/client';

import { formatDuration } from '../format-time';

const STEPS: Record<JobDocument['current_step'], string> = {
  validation: 'Waiting for its turn',
  stem_separation: 'Taking the voice out of the music',
  transcription: 'Listening to the words',
  beat_analysis: 'Finding the beat',
  completed: 'Ready',
};

/** Return what the server does with the job now, with the estimated time left when it is known. */
export function progressMessage(job: JobDocument): string {
  if (isFinished(job)) return job.status === 'completed' ? STEPS.completed : 'This did not work';
  const { queue_position: place, eta_seconds: eta } = job;
  const step = job.transcription.partial ? 'More lines are coming' : STEPS[job.current_step];
  const what = place ? (place === 1 ? 'Next in line' : `Number ${place} in line`) : step;
  return eta ? `${what} · ${formatDuration(eta)} left` : what;
}
