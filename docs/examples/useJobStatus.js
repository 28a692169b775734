/**
 * React hooks for the karaoke API.
 *
 *   const { jobId, upload, uploading, error: uploadError } = useUpload();
 *   const { status, loading, error } = useJobStatus(jobId);
 */

import { useCallback, useEffect, useRef, useState } from 'react';

import { JobMonitor, submitSong } from './monitor.js';

/**
 * Follows a job. `status` is the API's document or null. `loading` is true until the job has ended.
 * `error` is an Error or null. While `loading`, the request is retried; afterwards the error is final.
 */
export function useJobStatus(jobId) {
  const [seen, setSeen] = useState(null);

  useEffect(() => {
    if (!jobId) return undefined;
    let latest = waitingFor(jobId);
    const show = (change) => {
      latest = { ...latest, ...change };
      setSeen(latest);
    };
    const monitor = new JobMonitor(jobId, {
      onUpdate: (status) => show({ status, error: null }),
      onRetry: (error) => show({ error }),
      onComplete: () => show({ loading: false }),
      onError: (error) => show({ error, loading: false }),
    });
    monitor.start();
    return () => monitor.stop();
  }, [jobId]);

  // Right after `jobId` has changed, `seen` still belongs to the previous job.
  const { status, loading, error } = seen?.jobId === jobId ? seen : waitingFor(jobId);
  return { status, loading, error };
}

/** `upload(file, options)` submits a song and sets `jobId`. Unmounting aborts the upload. */
export function useUpload() {
  const [state, setState] = useState({ jobId: null, uploading: false, error: null });
  const aborter = useRef(null);

  const upload = useCallback(async (file, options) => {
    aborter.current?.abort(); // a second song replaces the first
    aborter.current = new AbortController();
    const { signal } = aborter.current;
    const show = (next) => signal.aborted || setState(next);

    show({ jobId: null, uploading: true, error: null });
    try {
      const jobId = await submitSong(file, options, signal);
      show({ jobId, uploading: false, error: null });
    } catch (error) {
      show({ jobId: null, uploading: false, error });
    }
  }, []);

  useEffect(() => () => aborter.current?.abort(), []);

  return { ...state, upload };
}

function waitingFor(jobId) {
  return { jobId, status: null, loading: Boolean(jobId), error: null };
}
