import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { send } from '../uploads';

const dragging = signal(false);

/** Takes songs that are dropped anywhere on the page. */
export function useDropped(): void {
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
      send(event.dataTransfer?.files ?? []);
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

/** Where songs are chosen. */
export function Drop() {
  const choose = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    send([...(currentTarget.files ?? [])]);
    currentTarget.value = ''; // so that the same file can be chosen again
  };
  return (
    <section class="hero">
      <h1>Drop a song. Sing&nbsp;it.</h1>
      <p>Any recording comes back without the voice, with its words lighting up in time.</p>
      <label class={dragging.value ? 'drop over' : 'drop'}>
        <span class="primary">Choose songs</span>
        <span class="hint">or drop them anywhere on this page</span>
        <input type="file" accept="audio/*,video/*" multiple onChange={choose} />
      </label>
    </section>
  );
}
