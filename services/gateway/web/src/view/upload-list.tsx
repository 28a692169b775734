import { uploads } from '../uploads';
import { Icon } from './icon';

/** The list of uploads with their progress. */
export function UploadList() {
  if (!uploads.value.length) return null;
  return (
    <ul class="uploads" aria-label="Uploads">
      {uploads.value.map(({ name, sent, problem, cancel }, index) => (
        <li key={name + index} class="card upload">
          <strong class="name">{name}</strong>
          {problem ? (
            <p class="problem" role="alert">
              {problem}
            </p>
          ) : (
            <>
              <span class="what">
                {sent === 0 ? 'Waiting' : sent < 1 ? `Uploading, ${Math.round(sent * 100)}%` : 'Checking the song'}
              </span>
              <progress max="1" value={sent} aria-label={`Upload of ${name}`} />
            </>
          )}
          <button
            type="button"
            class="quiet only"
            aria-label={problem ? `Dismiss ${name}` : `Cancel the upload of ${name}`}
            onClick={cancel}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
