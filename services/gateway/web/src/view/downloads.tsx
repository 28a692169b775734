import type { JobDocument } from '@karaoke/client';
import { useEffect, useState } from 'preact/hooks';

import { followDownloadToken } from '../download-token';
import { messageFor } from '../error-message';
import { Dialog } from './dialog';

const AUDIO_FORMATS = ['flac', 'wav', 'mp3', 'opus'] as const;
const STEMS = {
  instrumental: 'Without the voice',
  vocals: 'Voice',
  drums: 'Drums',
  bass: 'Bass',
  other: 'Other',
} as const;
const LYRICS_FORMATS = {
  lrc: 'LRC',
  elrc: 'LRC, each word',
  srt: 'SRT',
  vtt: 'VTT',
  ass: 'ASS',
  txt: 'Text',
  json: 'JSON',
} as const;

/** Dialog with download links of all results. */
export function Downloads({ job, onClose }: { job: JobDocument; onClose: () => void }) {
  const [token, setToken] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [format, setFormat] = useState<(typeof AUDIO_FORMATS)[number]>('mp3');
  useEffect(() => followDownloadToken(job.job_id, setToken, (error) => setProblem(messageFor(error))), [job.job_id]);
  const link = (path: string) => `${path}?${token ? `token=${encodeURIComponent(token)}&` : ''}download`;
  const api = `/api/jobs/${encodeURIComponent(job.job_id)}`;
  const stems = Object.entries(STEMS).flatMap(([stem, name]) => {
    const path = job.stem_separation[`${stem as keyof typeof STEMS}_path`];
    return path ? [[path.replace(/\.\w+$/, `.${format}`), name] as const] : [];
  });
  const beats = job.beat_analysis.status === 'completed';
  if (token === null)
    return (
      <Dialog title="Download" onClose={onClose}>
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
      </Dialog>
    );
  return (
    <Dialog title="Download" onClose={onClose}>
      <div class="downloads">
        {stems.length > 0 && (
          <section aria-label="Sound">
            <h3>
              Sound
              <select
                aria-label="Format of the sound"
                value={format}
                onChange={({ currentTarget }) => setFormat(currentTarget.value as typeof format)}
              >
                {AUDIO_FORMATS.map((name) => (
                  <option key={name} value={name}>
                    {name.toUpperCase()}
                  </option>
                ))}
              </select>
            </h3>
            <Files files={stems} link={link} />
          </section>
        )}
        {job.transcription.status === 'completed' && (
          <section aria-label="Words">
            <h3>Words</h3>
            <Files
              files={Object.entries(LYRICS_FORMATS).map(([suffix, name]) => [`${api}/lyrics.${suffix}`, name])}
              link={link}
            />
          </section>
        )}
        {beats && (
          <section aria-label="Beat">
            <h3>Beat</h3>
            <Files
              files={[
                [`${api}/beats.json`, 'JSON'],
                [`${api}/click.${format}`, 'Click track'],
              ]}
              link={link}
            />
          </section>
        )}
        <a class="primary" href={link(`${api}/download.zip`)} download>
          Everything, as ZIP
        </a>
      </div>
    </Dialog>
  );
}

function Files({ files, link }: { files: readonly (readonly [string, string])[]; link: (path: string) => string }) {
  return (
    <ul>
      {files.map(([path, name]) => (
        <li key={path}>
          <a href={link(path)} download>
            {name}
          </a>
        </li>
      ))}
    </ul>
  );
}
