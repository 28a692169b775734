import '@fontsource-variable/bricolage-grotesque/index.css';
import './style/page.css';
import './style/parts.css';
import './style/home.css';
import './style/song.css';
import './style/stage.css';
import './style/desk.css';
import './keyboard';

import { render } from 'preact';

import { App } from './view/app';

render(<App />, document.getElementById('page')!);
