import '@fontsource-variable/bricolage-grotesque/index.css';
import './style/page.css';
import './style/shared.css';
import './style/home.css';
import './style/song.css';
import './style/lyrics.css';
import './style/controls.css';
import './keyboard-shortcuts';

import { render } from 'preact';

import { App } from './view/app';

render(<App />, document.getElementById('page')!);
