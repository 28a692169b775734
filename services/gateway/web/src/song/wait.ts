import { isOver, type JobDocument } from '@karaoke/client';

import { spoken } from '../time';

const STEPS: Record<JobDocument['current_step'], string> = {
  validation: 'Waiting for its turn',
  stem_separation: 'Taking the voice out of the music',
  transcription: 'Listening to the words',
  beat_analysis: 'Finding the beat',
  completed: 'Ready',
};

/** What is being done, and for how long yet, as far as that is known. */
export function waiting(job: JobDocument): string {
  if (isOver(job)) return job.status === 'completed' ? STEPS.completed : 'This did not work';
  const { queue_position: place, eta_seconds: eta } = job;
  const what = place ? (place === 1 ? 'Next in line' : `Number ${place} in line`) : STEPS[job.current_step];
  return eta ? `${what} · ${spoken(eta)} left` : what;
}
