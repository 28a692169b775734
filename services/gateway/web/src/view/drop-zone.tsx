import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { uploadSongs } from '../uploads';

const dragging = signal(false);

/** Uploads songs that are dropped anywhere on the page. */
export function useDropTarget(): void {
  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault();
      dragging.value = true;
    };
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) dragging.value = false;
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      dragging.value = false;
      uploadSongs(event.dataTransfer?.files ?? []);
    };
    document.addEventListener('dragover', over);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragover', over);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  }, []);
}

/** The welcome text with the file chooser. */
export function DropZone() {
  const choose = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    uploadSongs([...(currentTarget.files ?? [])]);
    currentTarget.value = ''; // lets the user choose the same file again
  };
  return (
    <section class="hero">
      <h1>Drop a song. Sing&nbsp;it.</h1>
      <p>Any recording comes back without the voice, with its words lighting up in time.</p>
      <label class={dragging.value ? 'drop-zone over' : 'drop-zone'}>
        <span class="primary">Choose songs</span>
        <span class="hint">or drop them anywhere on this page</span>
        <input type="file" accept="audio/*,video/*" multiple onChange={choose} />
      </label>
    </section>
  );
}
